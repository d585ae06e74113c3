#!/usr/bin/env python3
"""A search: trials that see no test row, what is chosen, and what is written of it."""
import json
import os
import re
import shutil
import unittest

from program import SCENARIO
from test_sweep import Sweep
from verified import sealed

SEARCH = SCENARIO.replace("label: last", "label: last\n  validation: 0.2").replace("  - name: joint\n    train_on: all\n", """\
  - name: ewc
    strategies: [{ewc: {fisher: exact}}]
# lambda comes from the space
search: {kind: grid, seeds: [5, 6], space: {optimizer.lr: [0.1, 0.00001], ewc.lambda: [3]}}
""")


class Search(Sweep):
    def setUp(self):
        super().setUp()
        self.write("search.yaml", SEARCH)

    def test_the_best_by_validation_rows_is_run(self):
        done = self.run_program("run", "search.yaml", "--out", "s", "--jobs=2")
        self.assertEqual(self.cells("s"), [f"{m}/seed-{s}" for m in ("ewc", "finetune") for s in (0, 1)])
        trials = [f"{m}/seed-{s}" for m in ("ewc@lr=0.00001,lambda=3", "ewc@lr=0.1,lambda=3", "finetune@lr=0.00001", "finetune@lr=0.1")
                  for s in (5, 6)]
        self.assertEqual(self.cells("s", "trials"), trials)
        for trial in trials:  # no test row was looked at
            result = self.read_json("s/trials", trial, "result.json")
            self.assertIs(result["trial"], True)
            self.assertFalse({"matrix", "counts", "metrics", "leaked_test_rows"} & set(result))
            self.assertNotIn("leaked_rows", [check["check"] for check in result["warnings"]["checks"]])
            self.assertEqual(len(result["matrix_validation"]), 3)
            with open(self.path("s/trials", trial, "log.jsonl"), encoding="utf-8") as log:
                self.assertFalse([line for line in log if "accuracy" in line])
        told = self.read_json("s", "summary.json")
        self.assertEqual([(m["name"], m["base"], m["set"]) for m in told["methods"]],
                         [("finetune", "finetune", {"optimizer.lr": 0.1}), ("ewc", "ewc", {"optimizer.lr": 0.1, "ewc.lambda": 3})])
        search = told["search"]
        self.assertEqual({key: search[key] for key in ("kind", "metric", "judged_on", "validation", "seeds", "space", "cells")},
                         {"kind": "grid", "metric": "acc.macro", "judged_on": "validation", "validation": 0.2, "seeds": [5, 6],
                          "space": {"optimizer.lr": [0.1, 0.00001], "ewc.lambda": [3]}, "cells": 8})
        for one in search["trials"]:
            scores = [self.read_json("s/trials", one["name"], f"seed-{s}", "result.json")["metrics_validation"]["acc.macro"]
                      for s in (5, 6)]
            self.assertEqual((one["values"], one["score"]), (scores, sum(scores) / 2))
        best = max((t for t in search["trials"] if t["method"] == "ewc"), key=lambda t: t["score"])
        self.assertEqual(search["chosen"][1], {"method": "ewc", "trial": best["name"], "set": best["set"], "score": best["score"]})
        self.assertEqual(self.read_json("s", "plan.json")["search"], search)
        self.assertIn(f"perdure: search: ewc: chosen is ewc@lr=0.1,lambda=3, acc.macro {best['score']:.4f} on the validation rows\n", done.stderr)
        self.assertRegex(done.stderr, r"(?m)^\[1/12\] .*\n(.*\n)*\[12/12\] ")  # one bar for all
        again = self.run_program("run", "search.yaml", "--out", "s", "--jobs=2")
        self.assertIn("8 of 8 trials are finished already\n", again.stderr)
        self.assertIn("4 of 4 cells are finished already\n", again.stderr)
        self.assertEqual(again.stdout, done.stdout)
        self.assertEqual(self.read_json("s", "manifest.json")["search"], search)
        self.assertIn("verified: ", self.run_program("verify", "s", "--cells", "all").stdout)  # with what was chosen then

    def test_evaluations_within_tasks_see_no_test_row_of_a_trial(self):
        self.run_program("run", "search.yaml", "--out", "s", "--jobs=2", "--set", "evaluation.anytime.batches=5", "--set", "search.seeds=[5]",
                         "--set", "seeds=[0]")
        for trial in self.cells("s", "trials"):
            self.assertNotIn("anytime", self.read_json("s/trials", trial, "result.json"))
            with open(self.path("s/trials", trial, "log.jsonl"), encoding="utf-8") as log:
                self.assertFalse([line for line in log if "accuracy" in line or "metrics/" in line])
        self.assertIn("anytime", self.read_json("s/cells/ewc/seed-0", "result.json"))

    def states(self, *more):
        """Cells by state, as Prometheus is told at the end."""
        self.run_program("run", "search.yaml", "--jobs=2", "--set", "output.metrics_port=run.prom", *more)
        with open(self.path("run.prom"), encoding="utf-8") as f:
            told = {state: int(n) for state, n in re.findall(r'^perdure_cells\{state="(\w+)"\} (-?\d+)$', f.read(), re.M)}
        os.remove(self.path("run.prom"))
        return told

    def test_metrics_are_of_trials_and_cells(self):
        done = {"waiting": 0, "running": 0, "finished": 12, "failed": 0, "stopped": 0}
        self.assertEqual(self.states("--out", "s"), done)
        shutil.rmtree(self.path("s/cells/ewc/seed-0"))  # a stage without trials to run tells, too
        self.assertEqual(self.states("--out", "s"), done)
        self.assertEqual(self.states("--out", "p", "--shard", "1/2"), dict(done, finished=4, waiting=2))

    def test_no_manifest_stands_over_cells_that_are_run_again(self):
        self.run_program("run", "search.yaml", "--out", "s", "--jobs=2")
        for method in ("ewc", "finetune"):
            os.remove(self.path("s/cells", method, "seed-0/result.json"))
        self.run_program("run", "search.yaml", "--out", "s", "--only", "ewc")  # one is still to come
        self.assertFalse(os.path.exists(self.path("s/manifest.json")))

    def test_a_trial_of_another_plan_is_refused_with_what_is_known_of_it(self):
        self.run_program("run", "search.yaml", "--out", "s", "--only", "ewc", "--jobs=2")
        done = self.run_program("run", "search.yaml", "--out", "s", "--only", "ewc", "--set", "stream.split.tasks=4", code=73)
        self.assertRegex(done.stderr, r"s/trials/ewc@lr=0.1,lambda=3/seed-5: found the result of another plan \(\S+\); "
                                      r"expected one of this plan \(\S+\)\n  stream.tasks: was 2, is 4\nhint: --changed puts it aside ")

    def test_verify_knows_what_was_chosen(self):
        self.run_program("run", "search.yaml", "--out", "s", "--jobs=2")
        done = self.run_program("verify", "s", "--cells", "all")
        self.assertIn("search: 4 trials: what was chosen is the best by the validation rows; 8 records of them here\n", done.stdout)
        self.assertEqual(done.stdout.count(": run again: matrix and weights are the same, bit for bit\n"), 4)
        result = self.read_json("s/trials/finetune@lr=0.1/seed-5/result.json")  # another record gives another score
        result["matrix_validation"][-1][0] = 1.0
        self.write("s/trials/finetune@lr=0.1/seed-5/result.json", json.dumps(result))
        done = self.run_program("verify", "s", "--cells", "0", code=1)
        self.assertRegex(done.stdout, r"bad +manifest.json: search: finetune@lr=0.1/seed-5: score: found \S+; expected \S+, as its matrix gives\n")
        shutil.rmtree(self.path("s/trials"))  # as in a bundle
        done = self.run_program("verify", "s", "--cells", "0")
        self.assertIn("0 records of them here\n", done.stdout)

    def test_verify_finds_a_choice_that_is_not_the_best(self):
        self.run_program("run", "search.yaml", "--out", "s", "--jobs=2")
        manifest = self.read_json("s/manifest.json")
        for trial in manifest["search"]["trials"]:
            if trial["name"] == "finetune@lr=0.00001":
                trial["values"] = [1.0, 1.0]
                trial["score"] = 1.0
            elif trial["method"] == "ewc":
                trial["score"] = 0.25
        with open(self.path("s/manifest.json"), "w", encoding="utf-8") as f:
            f.write(sealed(manifest))
        shutil.rmtree(self.path("s/trials"))
        done = self.run_program("verify", "s", "--cells", "0", code=1)
        self.assertIn("search: finetune: found finetune@lr=0.1 chosen; expected finetune@lr=0.00001, whose score is better\n", done.stdout)
        self.assertRegex(done.stdout, r"search: ewc@lr=0.1,lambda=3: score: found 0.25; expected \S+, the mean of its values\n")

    def test_test_rows_change_no_choice(self):
        """The same training rows and other test rows: every trial comes out the same, to the bit."""
        self.run_program("run", "search.yaml", "--out", "one", "--jobs=2", "--only", "finetune")
        with open(self.path("clouds.csv"), encoding="utf-8") as f:
            lines = f.read().splitlines()
        for i in range(4, len(lines), 5):
            x, y, label = lines[i].split(",")
            lines[i] = f"{float(x) * 3:.2f},{float(y) * 3:.2f},{label}"
        self.write("clouds.csv", "\n".join(lines) + "\n")
        self.run_program("run", "search.yaml", "--out", "two", "--jobs=2", "--only", "finetune")
        for trial in self.cells("one", "trials"):
            one, two = (self.read_json(out, "trials", trial, "result.json") for out in ("one", "two"))
            self.assertEqual((one["matrix_validation"], one["weights_sha256"]), (two["matrix_validation"], two["weights_sha256"]))

    def test_a_trial_that_fails_is_not_chosen(self):
        done = self.run_program("run", "search.yaml", "--out", "s", "--jobs=2", "--only", "finetune",
                                "--set", "search.space={optimizer.weight_decay: [0, 1000000], ewc.lambda: [1]}")
        self.assertIn("2 of 4 trials failed; none of them is chosen\n", done.stderr)
        self.assertIn("chosen is finetune@weight_decay=0,", done.stderr)
        done = self.run_program("run", "search.yaml", "--out", "f", "--jobs=2", "--only", "finetune",
                                "--set", "search.space={optimizer.weight_decay: [1000000], ewc.lambda: [1]}", code=1)
        self.assertIn("perdure: error: search: found no trial of finetune that came to its end; expected one at least\n", done.stderr)

    def test_shards_of_a_search(self):
        self.run_program("run", "search.yaml", "--out", "whole", "--jobs=2")
        for part in (1, 2):
            done = self.run_program("run", "search.yaml", "--out", f"p{part}", "--jobs=2", "--shard", f"{part}/2")
            self.assertEqual(done.stderr.splitlines()[-2:], [
                f"perdure: 4 of 8 trials are finished in p{part}; what is chosen waits for the others",
                "hint: once the folders of all shards are copied into one, the same command goes on with the best"])
            self.assertEqual(self.cells(f"p{part}"), [])
        for out in ("m1", "m2"):
            self.merge(out, "p1", "p2")
        for part in (1, 2):
            self.run_program("run", "search.yaml", "--out", f"m{part}", "--jobs=2", "--shard", f"{part}/2")
            self.assertEqual(len(self.cells(f"m{part}")), 2)
        self.merge("m", "m1", "m2")
        self.run_program("run", "search.yaml", "--out", "m")
        self.assertEqual(self.summary("m"), self.summary("whole"))

    def test_without_validation_rows(self):
        done = self.run_program("run", "search.yaml", "--set", "data.validation=0", code=78)
        self.assertIn("search: found a search without validation rows; expected data.validation above 0\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
