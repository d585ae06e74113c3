#!/usr/bin/env python3
"""Sends a run of Perdure to Weights & Biases: a W&B run a cell, out of plan.json, log.jsonl and result.json.

    import.py RUN [--project NAME] [--only METHOD]

RUN is a run's folder. Exit: 0 sent; 66 RUN is no run; 69 there is no package wandb."""
import argparse
import hashlib
import json
import math
import os
import sys


def die(code, words):
    print(f"import.py: error: {words}", file=sys.stderr)
    sys.exit(code)


def read_json(*parts):
    path = os.path.join(*parts)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def cells_of(run):
    """(method, seed, folder) of every cell that has begun."""
    top = os.path.join(run, "cells")
    for method in sorted(os.listdir(top)):
        seeds = [name for name in os.listdir(os.path.join(top, method)) if name.startswith("seed-")]
        for name in sorted(seeds, key=lambda name: int(name[5:])):
            folder = os.path.join(top, method, name)
            if os.path.exists(os.path.join(folder, "log.jsonl")):
                yield method, int(name[5:]), folder


def points_by_step(folder):
    """(step, {name: value}) in the order of steps, as wandb wants them; a last line that is not whole yet is left out."""
    steps = {}
    with open(os.path.join(folder, "log.jsonl"), encoding="utf-8") as f:
        for line in f:
            if not line.endswith("\n"):
                break
            point = json.loads(line)
            value = point["value"]
            steps.setdefault(point["step"], {"task": point["task"]})[point["name"]] = (
                float(point["not_finite"]) if value is None else value)
            steps[point["step"]]["task"] = point["task"]
    return sorted(steps.items())


def settings_of(plan, method, seed):
    """The plan as this method has it: what it sets for itself stands in the place of what all share."""
    shared = {key: plan[key] for key in ("data", "stream", "network", "optimizer", "training", "device") if key in plan}
    own = next((m for m in plan["methods"] if m["name"] == method), {"name": method})
    return {**shared, **{k: v for k, v in own.items() if k != "name"}, "method": method, "seed": seed}


def cell_send(wandb, run, plan, project, method, seed, folder):
    name = f"{method}/seed-{seed}"
    of = hashlib.sha256(f"{os.path.realpath(run)}/{name}".encode()).hexdigest()[:16]
    sent = wandb.init(project=project, name=name, group=method, id=of, resume="allow", job_type=plan["name"],
                      config=settings_of(plan, method, seed))
    for step, values in points_by_step(folder):
        sent.log(values, step=step)
    result = read_json(folder, "result.json")
    if result:
        for metric, value in result["metrics"].items():
            sent.summary[metric] = math.nan if value is None else value
        sent.summary["weights_sha256"] = result["weights_sha256"]
    sent.finish()
    return result is not None


def main():
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("run", metavar="RUN", help="folder of a run")
    asked.add_argument("--project", default="perdure", help="of W&B (perdure)")
    asked.add_argument("--only", metavar="METHOD", help="cells of this method alone")
    asked = asked.parse_args()
    plan = read_json(asked.run, "plan.json")
    if plan is None or plan.get("schema") != "perdure.plan/1" or not os.path.isdir(os.path.join(asked.run, "cells")):
        die(66, f"{asked.run}: found no plan.json of perdure.plan/1 with cells/ beside it; expected the folder of a run")
    try:
        import wandb  # pylint: disable=import-outside-toplevel
    except ImportError:
        die(69, "found no Python package wandb; expected one: python3 -m pip install wandb")
    for method, seed, folder in cells_of(asked.run):
        if asked.only in (None, method):
            done = cell_send(wandb, asked.run, plan, asked.project, method, seed, folder)
            print(f"{method}/seed-{seed}: sent, {'finished' if done else 'as far as it is'}")


if __name__ == "__main__":
    main()
