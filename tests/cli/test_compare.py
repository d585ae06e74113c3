#!/usr/bin/env python3
"""`perdure compare`: runs of the program side by side, and run folders written by hand for what it takes long to train."""
import json
import os
import re
import shutil
import unittest

from program import SCENARIO, Case


def metric(values):
    known = [v for v in values if v is not None]
    return {"mean": sum(known) / len(known) if known else None, "sd": None, "sem": None, "ci95": None, "n": len(known),
            "values": values}


class Compare(Case):
    def run_folder(self, name, methods, plan=None, manifest=None):
        """A folder as `perdure run` leaves it, of methods {name: (seeds, {metric: values})}."""
        os.makedirs(self.path(name))
        rows = [{"name": key, "seeds": seeds, "metrics": {m: metric(v) for m, v in metrics.items()}}
                for key, (seeds, metrics) in methods.items()]
        self.write(f"{name}/summary.json", json.dumps({"schema": "perdure.summary/1", "name": name, "scenario": "class-il",
                                                       "mask": "task-agnostic", "error": "sem", "methods": rows, "gates": []}))
        made = {"schema": "perdure.plan/1", "name": "x", "folder": name, "device_why": name,
                "methods": [{"name": key, "train_on": "task"} for key in methods], **(plan or {})}
        self.write(f"{name}/plan.json", json.dumps(made))
        for key, (seeds, _) in methods.items():
            for seed in seeds if manifest else []:
                os.makedirs(self.path(name, "cells", key, f"seed-{seed}"))
                self.write(f"{name}/cells/{key}/seed-{seed}/manifest.json",
                           json.dumps({"schema": "perdure.manifest/1", "method": key, "seed": seed, "started": name,
                                       "results": {"result.json": name}, **manifest}))

    def figures(self, *runs):
        return json.loads(self.run_program("compare", *runs, "--json").stdout)

    def test_runs_of_the_program(self):
        self.run_program("run", "clouds.yaml")
        self.run_program("run", "clouds.yaml", "--out", "runs/again")
        self.run_program("run", "clouds.yaml", "--out", "runs/fast", "--set", "optimizer.lr=0.2", "--set", "evaluation.error=sd")
        same = self.run_program("compare", "runs/clouds", "runs/again", COLUMNS="140").stdout
        self.assertRegex(same, r"^A: runs/clouds \(clouds\)\nB: runs/again \(clouds\)\n\nno difference in their plans")
        rows = [line for line in same.splitlines() if re.match(r"  \w+\.", line)]
        self.assertEqual(len(rows), 10, same)  # of joint the last row of the matrix alone is there
        self.assertTrue(all(row.endswith(" the same") and "  +0.0000  " in row for row in rows), same)
        self.assertIn(", n = 2 seeds; paired t-test where both runs have the same seeds, else Welch's t-test; two-sided, ", same)
        words = self.run_program("compare", "runs/clouds", "runs/fast", "runs/again", COLUMNS="300").stdout
        self.assertIn("\n  optimizer.lr: 0.1 | 0.2 | 0.1\n", words)
        self.assertIn("\n  error: sem | sd | sem\n", words)
        self.assertEqual(words.count(" | "), 4, words)
        self.assertRegex(words, r"\nmetric .* A  .* B  .* C  .* B - A .* C - A .* C is\n")
        told = self.figures("runs/clouds", "runs/fast")
        self.assertEqual(told["schema"], "perdure.compare/1")
        self.assertEqual([d["key"] for d in told["differences"]], ["optimizer.lr", "error"])
        self.assertEqual(told["differences"][0]["values"], [0.1, 0.2])
        self.assertEqual({c["test"] for c in told["comparisons"]}, {"paired t-test"})
        ours = told["methods"][0]["metrics"]["acc.macro"]
        self.assertEqual([m["values"] for m in ours],
                         [self.read_json("runs", run, "summary.json")["methods"][0]["metrics"]["acc.macro"]["values"]
                          for run in ("clouds", "fast")])

    def test_what_a_method_learns_with_is_told_wherever_it_stands(self):
        """A method that has its own learning rate, or one that a search chose, beside one that has that of all."""
        self.run_program("run", "clouds.yaml")
        own = "methods=[{name: finetune, set: {optimizer.lr: 0.05}}, {name: joint, train_on: all, set: {optimizer.lr: 0.1}}]"
        self.run_program("run", "clouds.yaml", "--out", "runs/own", "--set", own)
        told = {d["key"]: d["values"] for d in self.figures("runs/clouds", "runs/own")["differences"]}
        self.assertEqual(told, {"methods.finetune.optimizer.lr": [0.1, 0.05]})

    def test_other_data_is_told_by_its_digest_and_its_place_is_not(self):
        self.write("clouds.yaml", SCENARIO.replace("seeds: [0, 1]", "seeds: [0]"))
        self.run_program("run", "clouds.yaml")
        shutil.copy(self.path("clouds.csv"), self.path("copy.csv"))
        self.run_program("run", "clouds.yaml", "--out", "runs/copy", "--set", "data.train=copy.csv")
        self.assertEqual(self.figures("runs/clouds", "runs/copy")["differences"], [])
        with open(self.path("copy.csv"), "a", encoding="utf-8") as f:
            f.write("1.23,9.99,0\n")
        self.run_program("run", "clouds.yaml", "--out", "runs/other", "--set", "data.train=copy.csv")
        self.assertEqual([d["key"] for d in self.figures("runs/clouds", "runs/other")["differences"]], ["data.sha256"])

    def test_seeds_decide_the_test(self):
        values = [0.80, 0.82, 0.79, 0.83, 0.81]
        seeds = [0, 1, 2, 3, 4]
        self.run_folder("a", {"m": (seeds, {"acc.macro": values, "forgetting.chaudhry": values})})
        self.run_folder("b", {"m": (seeds[::-1], {"acc.macro": [v + 0.05 + 0.001 * i for i, v in enumerate(values[::-1])],
                                                  "forgetting.chaudhry": [v + 0.05 + 0.001 * i for i, v in enumerate(values[::-1])]})})
        self.run_folder("c", {"m": ([0, 1, 2, 9], {"acc.macro": [0.9, 0.91, 0.92, 0.9], "forgetting.chaudhry": [None] * 4})})
        self.run_folder("d", {"m": ([7, 8], {"acc.macro": [0.9, 0.91]})})
        pairs = self.figures("a", "b")["comparisons"]
        self.assertEqual([(c["metric"], c["test"], c["n"], c["verdict"]) for c in pairs],
                         [("acc.macro", "paired t-test", 5, "better"), ("forgetting.chaudhry", "paired t-test", 5, "worse")])
        self.assertAlmostEqual(pairs[0]["mean_difference"], 0.052)
        self.assertAlmostEqual(pairs[0]["sd"], 0.001 * 2.5 ** 0.5)
        apart = self.figures("a", "c")["comparisons"]
        self.assertEqual([(c["metric"], c["test"], c["n"], c["verdict"]) for c in apart],
                         [("acc.macro", "Welch's t-test", 4, "better")])
        self.assertAlmostEqual(apart[0]["mean_difference"], 0.9075 - 0.81)
        self.assertLess(apart[0]["df"], 7)
        self.assertIn(" better (Welch)\n", self.run_program("compare", "a", "c", COLUMNS="140").stdout)
        self.assertEqual([(c["n"], c["verdict"]) for c in self.figures("a", "d")["comparisons"]], [(2, "too few seeds")])
        both = self.figures("a", "b", "c")["comparisons"]  # Holm's factor: two comparisons of acc.macro, one of forgetting
        first, second, third = both
        self.assertEqual([c["metric"] for c in both], ["acc.macro", "acc.macro", "forgetting.chaudhry"])
        self.assertAlmostEqual(min(first["p"], second["p"]) * 2, min(first["p_holm"], second["p_holm"]))
        self.assertEqual(third["p"], third["p_holm"])

    def test_manifests_where_all_have_them(self):
        methods = {"m": ([0, 1], {"acc.macro": [0.5, 0.6]})}
        files = [{"role": "data", "path": "/here/train.csv", "sha256": "aa", "bytes": 3}, {"role": "engine", "path": "x.so", "sha256": "ee"}]
        self.run_folder("a", methods, manifest={"versions": {"torch": "2.11.0"}, "files": files, "threads": 1})
        files[0] = {**files[0], "path": "/there/train.csv"}
        self.run_folder("b", methods, manifest={"versions": {"torch": "2.11.0"}, "files": files, "threads": 1, "ended": "later"})
        files[0] = {**files[0], "sha256": "bb"}
        self.run_folder("c", methods, manifest={"versions": {"torch": "2.6.0"}, "files": files, "threads": 1})
        self.run_folder("d", methods)
        same = self.figures("a", "b")
        self.assertEqual((same["compared"], same["differences"]), ("plans and manifests", []))
        self.assertEqual({(d["key"], *d["values"]) for d in self.figures("a", "c")["differences"]},
                         {("manifest.versions.torch", "2.11.0", "2.6.0"), ("manifest.files.data train.csv", "aa", "bb")})
        plans = self.figures("a", "d")
        self.assertEqual((plans["compared"], plans["differences"]), ("plans", []))
        self.write("c/cells/m/seed-1/manifest.json", json.dumps({"threads": 2, "files": []}))  # cells that differ
        self.assertIn(("manifest.threads", 1, (1, 2)),
                      {(d["key"], d["values"][0], tuple(d["values"][1]) if isinstance(d["values"][1], list) else None)
                       for d in self.figures("a", "c")["differences"]})

    def test_cells_of_a_run_are_joined(self):
        """Each method has its own plugin, and its manifest a digest of itself; a value that cells disagree on is a list."""
        for run in ("a", "b"):
            self.run_folder(run, {"m": ([0], {"acc.macro": [0.5]}), "ewc": ([0], {"acc.macro": [0.5]})}, manifest={"threads": 1})
            for method in ("m", "ewc"):
                self.write(f"{run}/cells/{method}/seed-0/manifest.json", json.dumps({
                    "machine": {"host": f"{run}-{method}", "cores": 2}, "versions": {"torch": "2.11.0", f"plugin {method}": "1.0"},
                    "files": [{"role": "plugin", "path": f"/{run}/x", "name": f"{method}.so", "sha256": method}],
                    "manifest_sha256": run + method}))
        self.assertEqual(self.figures("a", "b")["differences"], [{"key": "manifest.machine.host",
                                                                   "values": [["a-m", "a-ewc"], ["b-m", "b-ewc"]]}])
        self.write("b/cells/ewc/seed-0/manifest.json", "{}")
        self.assertEqual([(d["key"], d["values"]) for d in self.figures("a", "b")["differences"]],
                         [("manifest.machine.host", [["a-m", "a-ewc"], "b-m"]), ("manifest.versions.plugin ewc", ["1.0", None]),
                          ("manifest.files.plugin ewc.so", ["ewc", None])])
        self.write("b/cells/ewc/seed-0/manifest.json", "{")
        self.assertIn("b/cells/ewc/seed-0/manifest.json:1:1: found damaged JSON", self.run_program("compare", "a", "b", code=65).stderr)

    def test_methods_of_one_run_alone(self):
        self.run_folder("a", {"m": ([0], {"acc.macro": [0.5]}), "joint": ([0], {"acc.macro": [0.9]})})
        self.run_folder("b", {"m": ([0], {"acc.macro": [0.6]}), "ewc": ([0], {"acc.macro": [0.7]})})
        told = self.figures("a", "b")
        self.assertEqual(told["only"], [{"method": "joint", "runs": [0]}, {"method": "ewc", "runs": [1]}])
        self.assertEqual([m["name"] for m in told["methods"]], ["m"])
        self.assertEqual([(d["key"]) for d in told["differences"]], ["methods.ewc", "methods.joint"])
        words = self.run_program("compare", "a", "b").stdout
        self.assertIn("\n  methods.ewc: nothing | there\n  methods.joint: there | nothing\n", words)
        self.assertIn("\n  joint: only in A\n  ewc: only in B\n", words)
        markdown = self.run_program("compare", "a", "b", "--markdown").stdout
        self.assertIn("\n| method, metric | A | B | B - A | 95 % interval | p (Holm) | B is |\n", markdown)
        self.assertIn("\n| m acc.macro | 0.5000 | 0.6000 | +0.1000 | - | - | too few seeds |\n", markdown)


if __name__ == "__main__":
    unittest.main()
