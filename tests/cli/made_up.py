"""Folders of runs that never ran: results with the shape of real ones, for tests of what reads them."""
import json
import math
import os
import random
import shutil

METRICS = ["acc.macro", "aia.icarl", "bwt.gem", "fwt.gem", "forgetting.chaudhry"]
# How much of a task is kept when another one is trained, and how well a task is learned.
KINDS = {"finetune": (0.18, 0.985), "ewc": (0.30, 0.96), "lwf": (0.55, 0.95), "replay": (0.93, 0.965), "si": (0.42, 0.955),
         "icarl": (0.955, 0.94), "joint": (0.999, 0.982)}


def spread(values):
    there = [v for v in values if v is not None]
    n = len(there)
    mean = sum(there) / n if n else None
    sd = math.sqrt(sum((v - mean) ** 2 for v in there) / (n - 1)) if n > 1 else None
    sem = sd / math.sqrt(n) if n > 1 else None
    return {"mean": mean, "sd": sd, "sem": sem, "ci95": sem * 2.7764 if n > 1 else None, "n": n, "values": values}


def matrix_of(kind, tasks, chance, rows):
    keep, learned = KINDS.get(kind.split("@")[0], (chance.uniform(0.2, 0.9), 0.95))
    rows_of = []
    for after in range(tasks + 1):
        row = []
        for on in range(1, tasks + 1):
            if on > after:
                value = chance.uniform(0, 0.08) if after else chance.uniform(0.02, 0.14)
            elif on == after:
                value = learned + chance.gauss(0, 0.006)
            else:
                value = rows_of[-1][on - 1] * (keep + (1 - keep) * 0.25) + chance.gauss(0, 0.015)
            row.append(round(min(max(value, 0), 1) * rows) / rows)
        rows_of.append(row)
    return rows_of


def metrics_of(matrix):
    tasks = len(matrix) - 1
    last = matrix[tasks]
    but_one = range(1, tasks)
    mean = (lambda values: sum(values) / len(values) if values else None)
    return {"acc.macro": mean(last),
            "aia.icarl": mean([mean(matrix[i][:i]) for i in range(1, tasks + 1)]),
            "bwt.gem": mean([last[j - 1] - matrix[j][j - 1] for j in but_one]),
            "fwt.gem": mean([matrix[j - 1][j - 1] - matrix[0][j - 1] for j in range(2, tasks + 1)]),
            "forgetting.chaudhry": mean([max(matrix[i][j - 1] for i in range(1, tasks)) - last[j - 1] for j in but_one])}


def log_of(matrix, chance, inside):
    """Lines of log.jsonl: losses, and accuracies after each task and `inside` times within."""
    tasks, lines, step = len(matrix) - 1, [], 0

    def point(name, task, value):
        lines.append(json.dumps({"name": name, "task": task, "step": step, "value": value}))
    for on in range(1, tasks + 1):
        point(f"accuracy/task-{on}", 0, matrix[0][on - 1])
    for task in range(1, tasks + 1):
        for k in range(1, 41):
            step += 10
            point("loss", task, 2 / (k + 1))
            if inside and k % (40 // (inside + 1)) == 0 and k < 40:
                way = 1 - math.exp(-k / 6)
                for on in range(1, task + 1):
                    was, will = matrix[task - 1][on - 1], matrix[task][on - 1]
                    point(f"accuracy/task-{on}", task, min(max(was + (will - was) * way + chance.gauss(0, 0.01), 0), 1))
        for on in range(1, tasks + 1):
            point(f"accuracy/task-{on}", task, matrix[task][on - 1])
    return "\n".join(lines) + "\n"


def write(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(value if isinstance(value, str) else json.dumps(value))


def cell(folder, method, seed, tasks, inside):
    # The kind, not the name, is drawn from: the same chance for all methods of a seed, as with real seeds.
    chance = random.Random(1000 * seed + sum(map(ord, method)))
    matrix, rows = matrix_of(method, tasks, chance, 500), 500
    train = 20 + chance.uniform(0, 6)
    kept = 1000 if method in ("replay", "icarl") else 0
    result = {"schema": "perdure.result/1", "method": method, "seed": seed, "status": "done",
              "tasks": [[2 * i, 2 * i + 1] for i in range(tasks)],
              "class_names": [[str(2 * i), str(2 * i + 1)] for i in range(tasks)], "leaked_test_rows": 0,
              "matrix": matrix, "counts": [[rows] * tasks] * (tasks + 1), "metrics": metrics_of(matrix),
              "memories": [{"strategy": method, "name": "rows", "rows": kept, "bytes": kept * 784}] if kept else [],
              "warnings": {"count": 0, "checks": []}, "steps": 400 * tasks, "steps_per_second": 400 * tasks / train,
              "seconds": {"start": 1.7, "train": train, "evaluate": train / 9, "between_tasks": 3.1 if method == "ewc" else 0.1,
                          "checkpoint": 0.2},
              "weights_sha256": f"{seed:064x}", "peak_memory_bytes": (300 << 20) + kept * 784, "plan_sha256": "0" * 64,
              "engine": {"perdure": "0.1.0", "torch": "2.11.0", "torch_built": "2.11.0", "cpu": "AVX2", "device": ""}}
    at = os.path.join(folder, "cells", method, f"seed-{seed}")
    write(os.path.join(at, "result.json"), result)
    write(os.path.join(at, "log.jsonl"), log_of(matrix, chance, inside))
    return result


def method_row(name, results):
    return {"name": name, "seeds": [r["seed"] for r in results],
            "metrics": {m: spread([r["metrics"][m] for r in results]) for m in METRICS},
            "steps_per_second": results[0]["steps_per_second"] if results else None,
            "seconds": 30.0 if results else None, "peak_memory_bytes": 314572800 if results else None}


def gates_of(rows):
    """One that holds, one that does not, one that is open."""
    def gate(row, offset, passes, why):
        ours = row["metrics"]["acc.macro"]
        middle = ours["mean"] + offset
        return {"method": row["name"], "metric": "acc.macro", "is": middle, "sem": 0.002, "n": 20, "within": 0.01,
                "source": "van de Ven, Tuytelaars & Tolias 2022, table 3", "ours": {k: ours[k] for k in ("mean", "sem", "n")},
                "low": middle - 0.01, "high": middle + 0.01, "pass": passes, "why": why}
    there = [r for r in rows if r["seeds"]]
    if len(there) < 3:
        return []
    return [gate(there[0], 0.003, True, "band: within 0.01"), gate(there[1], 0.03, False, "too low by 0.02; band: within 0.01"),
            dict(gate(there[2], 0, None, "1 of 6 seeds missing"), low=None, high=None)]


def run(folder, methods=("finetune", "ewc", "lwf", "replay", "icarl", "joint"), seeds=5, tasks=5, inside=0, name="split-mnist",
        error="sem", failed=()):
    """The folder of a run of these methods and seeds; `failed`: (method, seed) that are not done. Returns the summary."""
    shutil.rmtree(folder, ignore_errors=True)
    rows = []
    for method in methods:
        rows.append(method_row(method, [cell(folder, method, s, tasks, inside) for s in range(seeds) if (method, s) not in failed]))
    summary = {"schema": "perdure.summary/1", "name": name, "scenario": "class-il", "mask": "task-agnostic", "error": error,
               "methods": rows, "gates": gates_of(rows),
               "failed": [{"method": m, "seed": s, "reason": f"{m}: task 2, step 17: found a loss of nan; expected a finite one"}
                          for m, s in failed]}
    plan = {"schema": "perdure.plan/1", "name": name, "data": {"set": "mnist", "normalize": "unit"},
            "network": {"type": "mlp", "hidden": [400, 400]}, "device": {"type": "cpu", "threads": 1},
            "methods": [{"name": m, "train_on": "all" if m == "joint" else "task",
                         "strategies": [] if m in ("finetune", "joint") else [{"strategy": m, "parameters": {"lambda": 1.0}}]}
                        for m in methods]}
    write(os.path.join(folder, "summary.json"), summary)
    write(os.path.join(folder, "plan.json"), plan)
    write(os.path.join(folder, "manifest.json"), {"schema": "perdure.manifest/1", "versions": {"torch": "2.11.0"},
                                                  "machine": {"cpu": "AMD EPYC", "cores": 2}, "files": [
                                                      {"role": "data", "path": "train-images-idx3-ubyte", "sha256": "0" * 64}]})
    write(os.path.join(folder, "scenario.yaml"), f"perdure: 1\nname: {name}\nmethods:\n" + "".join(f"  - name: {m}\n" for m in methods))
    return summary
