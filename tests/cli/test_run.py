#!/usr/bin/env python3
"""`perdure run` from end to end on a tiny csv: results, going on, refusals, killed cells, signals, the bar."""
import json
import os
import pty
import signal
import subprocess
import time
import unittest

from program import PROGRAM, Case

# Trains for minutes unless it is stopped.
LONG = ["--set", "training.epochs=200000"]


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(word) for word in f.read().split()]
    except FileNotFoundError:
        return []


def wait_until(what, seconds=60, run=None):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        if run and run.poll() is not None:
            raise AssertionError(f"ended with {run.returncode}: {run.communicate()[1]}")
        time.sleep(0.01)
    raise AssertionError("waited in vain")


class Run(Case):
    def cell(self, method, seed, name="result.json", folder="runs/clouds"):
        return self.path(folder, "cells", method, f"seed-{seed}", name)

    def result(self, method, seed, **kind):
        with open(self.cell(method, seed, **kind), encoding="utf-8") as f:
            return json.load(f)

    def test_from_csv_to_table_and_again(self):
        first = self.run_program("run", "clouds.yaml")
        self.assertRegex(first.stdout, r"(?m)^method +finetune +joint$|^method +acc\.macro")
        self.assertIn("standard error of the mean (sem), n = 2 seeds; class-il, task-agnostic", first.stdout)
        self.assertIn("[1/4] finetune/seed-0: after task 2, accuracy", first.stderr)
        self.assertIn("[4/4] joint/seed-1: done in", first.stderr)
        self.assertNotIn("\r", first.stderr)
        stamps = [os.stat(self.cell(m, s)).st_mtime_ns for m in ("finetune", "joint") for s in (0, 1)]
        second = self.run_program("run", "clouds.yaml")
        self.assertIn("4 of 4 cells are finished already", second.stderr)
        self.assertEqual(second.stdout, first.stdout)
        self.assertEqual(stamps, [os.stat(self.cell(m, s)).st_mtime_ns for m in ("finetune", "joint") for s in (0, 1)])

    def test_files_of_the_run_folder(self):
        told = json.loads(self.run_program("run", "clouds.yaml", "--json").stdout)
        self.assertEqual(told, self.read_json("runs/clouds/summary.json"))
        self.assertEqual(told["schema"], "perdure.summary/1")
        self.assertEqual([m["name"] for m in told["methods"]], ["finetune", "joint"])
        self.assertEqual(told["methods"][0]["seeds"], [0, 1])
        self.assertEqual(self.read_json("runs/clouds/plan.json")["schema"], "perdure.plan/1")
        with open(self.path("runs/clouds/scenario.yaml"), encoding="utf-8") as copy, \
                open(self.path("clouds.yaml"), encoding="utf-8") as original:
            self.assertEqual(copy.read(), original.read())
        for name in ("matrix.csv", "log.jsonl", "weights.safetensors"):
            self.assertTrue(os.path.getsize(self.cell("finetune", 0, name)) > 0)
        with open(self.cell("finetune", 0, "log.jsonl"), encoding="utf-8") as log:
            points = [json.loads(line) for line in log]
        self.assertEqual([p for p in points if set(p) != {"name", "task", "step", "value"}], [])
        result = self.result("finetune", 0)
        measured = [p for p in points if p["name"].startswith("accuracy/")]
        self.assertEqual([(p["name"], p["task"], p["value"]) for p in measured],
                         [(f"accuracy/task-{j + 1}", i, share) for i, row in enumerate(result["matrix"])
                          for j, share in enumerate(row)])
        self.assertEqual(sorted({p["step"] for p in measured}), [0, result["steps"] // 2, result["steps"]])
        self.assertEqual(len(result["matrix"]), 3)
        self.assertEqual(told["methods"][0]["metrics"]["acc.macro"]["values"][0], result["metrics"]["acc.macro"])
        with open(self.path("runs/clouds/results.csv"), encoding="utf-8") as csv:
            self.assertEqual(csv.readline(), "method,seed,metric,value\n")
        self.assertFalse([n for _, _, names in os.walk(self.path("runs")) for n in names if "tmp" in n])

    def test_same_seed_same_weights(self):
        self.run_program("run", "clouds.yaml")
        self.run_program("run", "clouds.yaml", "--out", "other")
        for seed in (0, 1):
            self.assertEqual(self.result("finetune", seed)["weights_sha256"],
                             self.result("finetune", seed, folder="other")["weights_sha256"])
        self.assertNotEqual(self.result("finetune", 0)["weights_sha256"], self.result("finetune", 1)["weights_sha256"])

    def test_another_plan_is_refused_until_fresh(self):
        self.run_program("run", "clouds.yaml")
        before = self.result("finetune", 0)
        refused = self.run_program("run", "clouds.yaml", "--set", "optimizer.lr=0.2", code=73)
        self.assertIn("cells/finetune/seed-0: found the result of another plan", refused.stderr)
        self.assertIn("--fresh", refused.stderr)
        self.assertEqual(self.result("finetune", 0), before)
        self.run_program("run", "clouds.yaml", "--set", "optimizer.lr=0.2", "--fresh")
        self.assertNotEqual(self.result("finetune", 0)["plan_sha256"], before["plan_sha256"])

    def test_what_has_changed_is_told(self):
        def told():
            done = self.run_program("run", "clouds.yaml", "--set", "optimizer.lr=0.2", code=73)
            return [line for line in done.stderr.splitlines() if line.startswith("  ")]
        self.run_program("run", "clouds.yaml")
        self.assertEqual(told(), ["  optimizer.lr: was 0.1, is 0.2"])
        plan = self.read_json("runs/clouds/plan.json")
        plan["stream"].update({f"key{i}": i for i in range(30)})
        self.write("runs/clouds/plan.json", json.dumps(plan))
        lines = told()
        self.assertEqual(lines[0], "  stream.key0: was 0, is nothing")
        self.assertEqual(lines[20:], ["  and 11 more"])
        self.write("runs/clouds/plan.json", "damaged")
        self.assertEqual(told(), [])
        os.remove(self.path("runs/clouds/plan.json"))
        self.assertEqual(told(), [])

    def test_another_scenario_takes_a_folder_over_when_told_to(self):
        self.run_program("run", "clouds.yaml")
        other = ("run", "clouds.yaml", "--set", "name=other", "--out", "runs/clouds")
        self.assertIn("found the run of scenario clouds; expected that of other", self.run_program(*other, code=73).stderr)
        self.run_program(*other, "--fresh")
        self.assertIn("4 of 4 cells are finished already", self.run_program(*other).stderr)

    def test_what_describe_prints_runs(self):
        self.write("all.yaml", self.run_program("describe", "scenario").stdout)
        self.run_program("check", "all.yaml")
        done = self.run_program("run", "all.yaml", "--out", "all", "--set", "training.iterations=2")
        self.assertIn("acc.macro", done.stdout)

    def test_other_data_under_the_same_name_is_another_plan(self):
        self.run_program("run", "clouds.yaml")
        with open(self.path("clouds.csv"), encoding="utf-8") as f:
            lines = f.readlines()
        self.write("clouds.csv", "".join(lines[1:] + lines[:1]))
        done = self.run_program("run", "clouds.yaml", code=73)
        self.assertIn("found the result of another plan", done.stderr)
        self.write("clouds.csv", "".join(lines))
        self.assertIn("4 of 4 cells are finished already", self.run_program("run", "clouds.yaml").stderr)

    def test_fresh_loses_nothing_when_it_cannot_start(self):
        self.run_program("run", "clouds.yaml")
        before = self.result("joint", 1)
        done = self.run_program("run", "clouds.yaml", "--fresh", code=69, TORCH_ROOT="/nonexistent")
        self.assertIn("found no lib/libtorch_cpu.so in /nonexistent", done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.result("joint", 1), before)

    def test_a_loss_that_is_not_finite_stops_the_cell(self):
        done = self.run_program("run", "clouds.yaml", "--set", "data.normalize=none", "--set", "optimizer.lr=1000000", "--set",
                                "network.hidden=[16,16,16,16]", "--set", "training.epochs=20", code=1)
        self.assertRegex(done.stderr, r"finetune/seed-0: task 1, step \d+: found a loss of -?(nan|inf); expected a finite one")
        self.assertFalse(os.path.exists(self.cell("finetune", 0)))

    def test_the_classes_of_each_task_are_told(self):
        self.run_program("run", "clouds.yaml", "--set", "stream.split.order=shuffled")
        orders = [self.result("finetune", seed)["tasks"] for seed in (0, 1)]
        for order in orders:
            self.assertEqual(sorted(sum(order, [])), list(range(len(sum(order, [])))))
        self.assertEqual(orders, [self.result("joint", seed)["tasks"] for seed in (0, 1)])

    def test_classes_have_names_and_rows_are_held_out(self):
        self.run_program("run", "clouds.yaml", "--set", "data.validation=0.25")
        result = self.result("finetune", 0)
        self.assertEqual(result["tasks"], [[0, 1], [2, 3]])
        self.assertEqual(result["class_names"], [["0", "1"], ["2", "3"]])
        self.assertEqual(result["leaked_test_rows"], 0)
        self.assertEqual(result["counts_validation"], [[40, 40]] * 3)
        self.assertEqual(len(result["matrix_validation"]), 3)
        self.assertEqual(result["counts"], [[40, 40]] * 3)

    def test_a_few_test_rows_that_are_trained_on_are_a_warning(self):
        with open(self.path("clouds.csv"), encoding="utf-8") as f:
            rows = f.readlines()
        apart = [f"{i + 100}," + row.split(",", 1)[1] for i, row in enumerate(rows[:199])]
        self.write("test.csv", "".join(apart) + rows[7])
        data = ["--set", "data={set: csv, train: clouds.csv, test: test.csv}"]
        done = self.run_program("run", "clouds.yaml", *data)
        self.assertIn("perdure: warning: test.csv: found 1 test row that is a training row too (test row 199 is training row 7); "
                      "results are a little better than they should be\n", done.stderr)
        result = self.result("finetune", 0)
        self.assertEqual(result["leaked_test_rows"], 1)
        self.assertEqual([(w["check"], w["count"]) for w in result["warnings"]["checks"]], [("leaked_rows", 1)])
        self.assertEqual(result["warnings"]["count"], 1)

    def test_tasks_that_permute_and_turn_their_rows(self):
        for split in ("{by: permutation, tasks: 3}", "{by: rotation, tasks: 3, order: shuffled}"):
            data = "{set: synthetic, train_rows: 200, test_rows: 50, shape: [1, 6, 6]}"
            self.run_program("run", "clouds.yaml", "--fresh", "--set", f"data={data}", "--set",
                             f"stream={{split: {split}, scenario: domain-il}}")
            self.assertEqual(self.result("joint", 0)["tasks"], [list(range(10))] * 3)
            self.assertEqual(self.result("joint", 0)["steps"], 2 * 600 // 8)

    def test_more_seeds_run_only_what_is_new(self):
        self.run_program("run", "clouds.yaml")
        more = self.run_program("run", "clouds.yaml", "--set", "seeds=[0, 1, 2]")
        self.assertIn("4 of 6 cells are finished already", more.stderr)
        self.assertIn("n = 3 seeds", more.stdout)

    def test_damaged_result_is_refused(self):
        self.run_program("run", "clouds.yaml")
        with open(self.cell("joint", 1), "r+", encoding="utf-8") as f:
            f.truncate(100)
        self.assertIn("result.json", self.run_program("run", "clouds.yaml", code=65).stderr)
        self.run_program("run", "clouds.yaml", "--fresh")

    def test_faults_of_the_data_write_nothing(self):
        self.run_program("run", "clouds.yaml", "--set", "data.train=none.csv", code=66)
        self.write("clouds.csv", "1,2,0\n1,x,1\n")
        self.run_program("run", "clouds.yaml", code=65)
        self.assertFalse(os.path.exists(self.path("runs")))

    def test_a_run_that_was_killed_over_its_first_files_goes_on(self):
        os.makedirs(self.path("runs/clouds"))
        for name in ("scenario.yaml", "scenario.yaml.tmp-1-0", "plan.json.tmp-1-1"):
            self.write(f"runs/clouds/{name}", "")
        self.run_program("run", "clouds.yaml")

    def test_folder_that_cannot_be_made(self):
        self.write("file", "")
        self.assertIn("file", self.run_program("run", "clouds.yaml", "--out", "file/x", code=73).stderr)

    def test_killed_cell_fails_and_the_others_go_on(self):
        run, cell = self.start_long()
        time.sleep(0.5)
        os.kill(cell, signal.SIGKILL)
        second = wait_until(lambda: [c for c in children_of(run.pid) if c != cell], run=run)[0]
        run.send_signal(signal.SIGTERM)
        _, said = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 75, said)
        self.assertRegex(said, r"perdure: error: finetune/seed-0: host, (start|[a-z ]+, task 1, step \d+): was killed by SIGKILL \(Killed\)")
        self.assertIn("the same command goes on", said)
        self.assertFalse(os.path.exists(f"/proc/{second}"))
        self.assertFalse(os.path.exists(self.cell("finetune", 0)))

    def test_failed_cell_is_1_and_is_tried_again(self):
        os.makedirs(self.path("runs/clouds/cells/finetune/seed-1/result.json"))  # nothing can be written there
        done = self.run_program("run", "clouds.yaml", "--set", "seeds=[0]")
        self.assertNotIn("failed", done.stderr)
        self.run_program("run", "clouds.yaml", code=66)  # and a folder is no result: refused before anything runs
        os.rmdir(self.cell("finetune", 1))
        os.mkdir(self.cell("finetune", 1, "matrix.csv"))
        done = self.run_program("run", "clouds.yaml", code=1)
        self.assertIn("perdure: error: finetune/seed-1: ", done.stderr)
        self.assertIn("1 of 4 cells failed; the same command tries them again", done.stderr)
        self.assertIn("finetune: n = 1", done.stdout)
        self.assertEqual(self.read_json("runs/clouds/summary.json")["failed"][0]["method"], "finetune")
        os.rmdir(self.cell("finetune", 1, "matrix.csv"))
        self.assertIn("3 of 4 cells are finished already", self.run_program("run", "clouds.yaml").stderr)

    def test_stopped_run_goes_on(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                run, _ = self.start_long("--out", f"o{int(number)}")
                time.sleep(0.2)
                run.send_signal(number)
                _, said = run.communicate(timeout=60)
                self.assertEqual(run.returncode, 75, said)
                self.assertIn("stopped by", said)
        self.run_program("run", "clouds.yaml", "--out", "o2", code=73)  # another plan than that of its checkpoint
        self.run_program("run", "clouds.yaml", "--out", "o2", "--fresh")

    def test_dead_coordinator_takes_its_cell_along(self):
        run, cell = self.start_long()
        run.kill()
        run.communicate(timeout=60)
        wait_until(lambda: not os.path.exists(f"/proc/{cell}"))
        self.run_program("run", "clouds.yaml")  # and its lock is gone with it

    def test_locked_folder_says_who(self):
        run, _ = self.start_long()
        refused = self.run_program("run", "clouds.yaml", code=73)
        self.assertIn(f"is in use by process {run.pid} on ", refused.stderr)
        self.assertIn("--out DIR", refused.stderr)
        run.send_signal(signal.SIGTERM)
        run.communicate(timeout=60)

    def start_long(self, *more):
        run = self.start("run", "clouds.yaml", *LONG, *more)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.stderr.close)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)
        return run, wait_until(lambda: children_of(run.pid), run=run)[0]

    def terminal_words(self, term, *more):
        master, slave = pty.openpty()
        run = subprocess.Popen([PROGRAM, "run", "clouds.yaml", "--out", term + "".join(more), *more], cwd=self.folder.name, stderr=slave,
                               env=self.environment(TERM=term), stdout=subprocess.PIPE, text=True)
        os.close(slave)
        said = b""
        while True:
            try:
                chunk = os.read(master, 4096)
            except OSError:
                break
            if not chunk:
                break
            said += chunk
        os.close(master)
        result, _ = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 0, said)
        self.assertNotIn("\r", result)
        return said.decode()

    def test_bar_on_a_terminal_and_lines_on_a_dumb_one(self):
        bar = self.terminal_words("xterm")
        self.assertIn("\r[1/4] finetune/seed-0", bar)
        self.assertIn("\033[K", bar)
        both = self.terminal_words("xterm", "--jobs=2")
        self.assertIn("\r[0/4 done] [---", both)
        self.assertIn("[4/4] joint/seed-1: done in", both)
        plain = self.terminal_words("dumb")
        self.assertNotIn("\033", plain)
        self.assertIn("[4/4] joint/seed-1: done in", plain)

    def test_what_auto_took_is_said(self):
        done = self.run_program("run", "clouds.yaml", "--set", "device.type=auto")
        self.assertRegex(done.stderr, r"(?m)^perdure: device: \S")


if __name__ == "__main__":
    unittest.main()
