#!/usr/bin/env python3
"""Sweeps: variants of a grid, --only, --shard and shards that are merged by copying, a sweep that is killed."""
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from program import PROGRAM, SCENARIO, SOURCE, Case

GRID = SCENARIO.replace("  - name: joint\n    train_on: all\n", """\
  - name: ewc
    strategies: [{ewc: {fisher: exact}}]
grid: {ewc.lambda: [1, 100]}
""").replace("output:", """\
evaluation: {expect: [{method: "ewc@lambda=100", metric: acc.macro, between: [0, 1], source: "a share"}]}
output:""")
TIMES = ("seconds", "steps_per_second", "peak_memory_bytes")


class Sweep(Case):
    runs = {}  # of a scenario's name: a run of the whole, made once for all tests

    def setUp(self):
        super().setUp()
        self.write("grid.yaml", GRID)

    def whole(self, folder, name="grid"):
        """A run of the whole in a folder of this test's own, and what it said."""
        if name not in Sweep.runs:
            kept = tempfile.mkdtemp(prefix="perdure-cli-")
            unittest.addModuleCleanup(shutil.rmtree, kept)
            Sweep.runs[name] = self.run_program("run", f"{name}.yaml", "--out", os.path.join(kept, "run"), "--jobs=2"), kept
        done, kept = Sweep.runs[name]
        shutil.copytree(os.path.join(kept, "run"), self.path(folder), symlinks=True)
        return done

    def summary(self, folder):
        """Without what differs from run to run."""
        told = self.read_json(folder, "summary.json")
        for method in told["methods"]:
            for key in TIMES:
                del method[key]
        return told

    def cells(self, folder, below="cells"):
        """The finished ones: "ewc@lambda=1/seed-0"."""
        found = []
        for root, _, names in os.walk(self.path(folder, below)):
            if "result.json" in names:
                found.append(os.path.relpath(root, self.path(folder, below)))
        return sorted(found)

    def merge(self, folder, *parts):
        os.makedirs(self.path(folder), exist_ok=True)
        for part in parts:
            subprocess.run(["cp", "-r", self.path(part) + "/.", self.path(folder)], check=True)


class Grid(Sweep):
    def test_variants_are_methods(self):
        self.assertIn("[6/6] ewc@lambda=100/seed-1: done in", self.whole("g").stderr)
        self.assertEqual(self.cells("g"), [f"{m}/seed-{s}" for m in ("ewc@lambda=1", "ewc@lambda=100", "finetune")
                                           for s in (0, 1)])
        told = self.read_json("g", "summary.json")
        self.assertEqual([(m["name"], m.get("base"), m.get("set")) for m in told["methods"]],
                         [("finetune", None, None), ("ewc@lambda=1", "ewc", {"ewc.lambda": 1}),
                          ("ewc@lambda=100", "ewc", {"ewc.lambda": 100})])
        self.assertIs(told["gates"][0]["pass"], True)
        result = self.read_json("g", "cells/ewc@lambda=100/seed-1/result.json")
        self.assertEqual((result["method"], result["base"], result["set"]), ("ewc@lambda=100", "ewc", {"ewc.lambda": 100}))
        self.assertNotIn("base", self.read_json("g", "cells/finetune/seed-1/result.json"))
        plan = self.read_json("g", "plan.json")["methods"][2]
        self.assertEqual((plan["base"], plan["set"], plan["strategies"][0]["parameters"]["lambda"]),
                         ("ewc", {"ewc.lambda": 100}, 100))

    def test_a_variant_is_the_method_with_that_value(self):
        self.whole("g")
        self.write("one.yaml", GRID.replace("{fisher: exact}", "{fisher: exact, lambda: 100}").replace("grid:", "# ").replace(
            "ewc@lambda=100", "ewc"))
        self.run_program("run", "one.yaml", "--out", "o", "--only", "ewc/0")
        self.assertEqual(self.read_json("g", "cells/ewc@lambda=100/seed-0/result.json")["weights_sha256"],
                         self.read_json("o", "cells/ewc/seed-0/result.json")["weights_sha256"])

    def test_a_grid_that_grows_runs_what_is_new(self):
        self.whole("g")
        done = self.run_program("run", "grid.yaml", "--out", "g", "--set", "grid.ewc.lambda=[1, 10, 100]", "--jobs=2")
        self.assertIn("6 of 8 cells are finished already", done.stderr)

    def test_unknown_parameters_are_told_once_where_they_stand(self):
        done = self.run_program("check", "grid.yaml", "--set", "grid={ewc.lamda: [1, 2]}", "--set", "evaluation.expect=[]",
                                "--set", "methods[1].strategies[0].ewc.lambda=1", code=78)
        self.assertEqual(len(done.stderr.splitlines()), 2, done.stderr)
        self.assertRegex(done.stderr, r'grid\.ewc\.lamda: found a key unknown to ewc .*\nhint: did you mean "lambda"')
        self.write("bad.yaml", GRID.replace("[1, 100]", "[1, -1, x]").replace("ewc@lambda=100", "finetune"))
        done = self.run_program("check", "bad.yaml", code=78)
        self.assertEqual(re.findall(r"(?m)^perdure: error: bad.yaml:\d+:\d+: (grid\S+): found", done.stderr),
                         ["grid.ewc.lambda[1]", "grid.ewc.lambda[2]"], done.stderr)
        self.write("missing.yaml", GRID.replace("ewc: {", "ewx: {").replace("grid: {ewc", "grid: {ewx"))
        self.assertEqual(self.run_program("check", "missing.yaml", code=69).stderr.count("found no strategy ewx"), 1)


class Only(Sweep):
    def test_methods_bases_and_seeds(self):
        for said, cells in ((["finetune"], ["finetune/seed-0", "finetune/seed-1"]),
                            (["ewc/1"], ["ewc@lambda=1/seed-1", "ewc@lambda=100/seed-1"]),
                            (["ewc@lambda=1/seed-1", "finetune/0"], ["ewc@lambda=1/seed-1", "finetune/seed-0"])):
            out = "o-" + said[0].replace("/", "-")
            only = [word for one in said for word in ("--only", one)]
            dry = self.run_program("run", "grid.yaml", "--out", out, "--dry-run", *only).stdout.splitlines()[-1]
            self.assertTrue(dry.startswith(f"this run   {len(cells)} of 6 cells: "), dry)
            done = self.run_program("run", "grid.yaml", "--out", out, "--jobs=2", *only)
            self.assertEqual(self.cells(out), cells)
            self.assertEqual(done.stderr.splitlines()[-2:], [
                f"perdure: {len(cells)} of 6 cells are finished in {out}; summary and gates wait for the others",
                "hint: once the others are run too, the same command without --only puts all together"])
            self.assertIn("acc.macro", done.stdout)
            self.assertFalse(os.path.exists(self.path(out, "summary.json")))

    def test_what_is_missing_is_run_later_and_judged_then(self):
        told = json.loads(self.run_program("run", "grid.yaml", "--out", "o", "--only", "finetune", "--json").stdout)
        self.assertEqual((told["partial"], told["gates"]), ({"of": "cells", "finished": 2, "cells": 6}, []))
        self.assertEqual([m["name"] for m in told["methods"]], ["finetune"])
        self.run_program("run", "grid.yaml", "--out", "o", "--only", "ewc", "--jobs=2")  # the last ones: all is there
        self.whole("whole")
        self.assertEqual(self.summary("o"), self.summary("whole"))
        self.assertNotIn("partial", self.summary("o"))

    def test_others_are_left_as_they_are(self):
        """A cell of another plan, or a damaged one, ends no run that is not of it."""
        self.whole("o")
        before = self.read_json("o", "cells/finetune/seed-0/result.json")
        done = self.run_program("run", "grid.yaml", "--out", "o", "--only", "ewc@lambda=1/0", "--set", "optimizer.lr=0.2", "--fresh")
        self.assertIn("1 of 6 cells are finished", done.stderr)
        self.assertEqual(self.read_json("o", "cells/finetune/seed-0/result.json"), before)

    def test_fresh_runs_the_named_ones_again(self):
        self.whole("o")
        stamps = {c: os.stat(self.path("o/cells", c, "result.json")).st_mtime_ns for c in self.cells("o")}
        self.run_program("run", "grid.yaml", "--out", "o", "--only", "finetune/1", "--fresh")
        again = {c: os.stat(self.path("o/cells", c, "result.json")).st_mtime_ns for c in self.cells("o")}
        self.assertEqual([c for c in stamps if stamps[c] != again[c]], ["finetune/seed-1"])

    def test_names_are_checked_before_anything_is_written(self):
        known = "finetune, ewc, ewc@lambda=1, ewc@lambda=100"
        for said, words in (("finetun", f"found finetun; expected a method of the scenario: {known}\nhint: did you mean finetune?\n"),
                            ("ewc@lambda=2/0", f"found ewc@lambda=2; expected a method of the scenario: {known}\nhint: did you mean ewc@lambda=1?\n"),
                            ("ewc/7", "found ewc/7; expected METHOD/SEED with a seed of the scenario: 0, 1\n"),
                            ("ewc/", "found ewc/; expected METHOD/SEED with a seed of the scenario: 0, 1\n")):
            done = self.run_program("run", "grid.yaml", "--out", "o", "--only", said, code=64)
            self.assertEqual(done.stderr, f"perdure: error: run: --only: {words}")
        self.assertFalse(os.path.exists(self.path("o")))


class Shard(Sweep):
    def test_shards_in_two_folders_copied_together_are_the_whole(self):
        self.whole("whole")
        for part in (1, 2):
            done = self.run_program("run", "grid.yaml", "--out", f"part-{part}", "--jobs=2", "--shard", f"{part}/2")
            self.assertIn("hint: once the folders of all shards are copied into one, the same command without --shard puts all together",
                          done.stderr)
            self.assertFalse(os.path.exists(self.path(f"part-{part}", "summary.json")))
        first, second = self.cells("part-1"), self.cells("part-2")
        self.assertEqual((len(first), len(second), sorted(first + second)), (3, 3, self.cells("whole")))
        for method in ("finetune", "ewc@lambda=1", "ewc@lambda=100"):  # each has its share of every method
            self.assertEqual(sum(cell.startswith(method + "/") for cell in first), 1)
        self.merge("merged", "part-1", "part-2")
        done = self.run_program("run", "grid.yaml", "--out", "merged")
        self.assertIn("6 of 6 cells are finished already", done.stderr)
        self.assertEqual(self.summary("merged"), self.summary("whole"))
        for name in ("results.csv",):
            with open(self.path("merged", name), encoding="utf-8") as a, open(self.path("whole", name), encoding="utf-8") as b:
                keep = [[line for line in f if not re.search(",(steps_per_second|seconds|peak_memory_bytes),", line)] for f in (a, b)]
            self.assertEqual(*keep)

    def test_variants_are_verified_by_the_names_that_only_knows(self):
        self.run_program("run", "grid.yaml", "--out", "o", "--jobs=2")
        for said, names in (("ewc", [f"ewc@lambda={n}/seed-{s}" for n in (1, 100) for s in (0, 1)]),
                            ("ewc/1", ["ewc@lambda=1/seed-1", "ewc@lambda=100/seed-1"]),
                            ("ewc@lambda=100/seed-0", ["ewc@lambda=100/seed-0"])):
            done = self.run_program("verify", "o", "--cells", "all", "--jobs=2", "--only", said)
            self.assertEqual(sorted(re.findall(r"(?m)^good +(\S+): run again", done.stdout)), sorted(names))

    def test_a_folder_of_cells_alone_is_enough(self):
        self.whole("w")
        shutil.copytree(self.path("w/cells"), self.path("m/cells"), symlinks=True)
        shutil.rmtree(self.path("m/cells/finetune/seed-1"))
        self.assertIn("5 of 6 cells are finished already", self.run_program("run", "grid.yaml", "--out", "m").stderr)
        self.assertEqual(self.summary("m"), self.summary("w"))

    def test_more_shards_than_cells(self):
        done = self.run_program("run", "grid.yaml", "--out", "o", "--shard", "20/20")
        self.assertEqual(done.stdout, "")
        self.assertIn("0 of 6 cells are finished in o", done.stderr)

    def test_clusters_say_it(self):
        slurm = {"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_MAX": "5",
                 "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_STEP": "1"}
        done = self.run_program("run", "grid.yaml", "--out", "o", "--shard=auto", "--dry-run", **slurm)
        self.assertEqual(done.stderr.splitlines()[0], "perdure: shard 2 of 3, by SLURM_ARRAY_TASK_ID=4 of 3-5")
        self.assertIn("this run   2 of 6 cells: finetune/seed-1, ewc@lambda=100/seed-0\n", done.stdout)
        kubernetes = {"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "2"}
        done = self.run_program("run", "grid.yaml", "--out", "o", "--shard=auto", "--dry-run", **kubernetes)
        self.assertIn("perdure: shard 1 of 2, by JOB_COMPLETION_INDEX=0 of JOB_COMPLETIONS=2\n", done.stderr)
        done = self.run_program("run", "grid.yaml", "--out", "o", "--dry-run", **slurm)
        self.assertIn("found SLURM_ARRAY_TASK_ID=4 and no --shard, so this run is of all cells; --shard auto: of this task's part\n",
                      done.stderr)
        self.assertNotIn("this run", done.stdout)
        for said, found in (("3/2", "found 3/2; expected I/N"), ("auto", "found neither SLURM_ARRAY_TASK_ID nor")):
            self.assertIn(f"run: --shard{' auto' if said == 'auto' else ''}: {found}",
                          self.run_program("run", "grid.yaml", "--shard", said, code=64).stderr)

    def test_two_in_one_folder_at_a_time(self):
        first = self.start("run", "grid.yaml", "--out", "o", "--shard", "1/2", "--set", "training.epochs=100000")
        self.addCleanup(first.communicate)
        self.addCleanup(first.kill)
        self.until(lambda: os.path.exists(self.path("o/plan.json")))
        done = self.run_program("run", "grid.yaml", "--out", "o", "--shard", "2/2", "--set", "training.epochs=100000", code=73)
        self.assertRegex(done.stderr, rf"o: is in use by process {first.pid} on \S+ since \S+; expected a run folder of its own")

    def until(self, what, seconds=60):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, "waited in vain")
            time.sleep(0.01)

    def test_a_terminal_shows_the_whole_and_what_is_left(self):
        master, slave = pty.openpty()
        run = subprocess.Popen([PROGRAM, "run", "grid.yaml", "--out", "t"], cwd=self.folder.name, stderr=slave,
                               env=self.environment(TERM="xterm"), stdout=subprocess.DEVNULL)
        os.close(slave)
        said = b""
        while True:
            try:
                said += os.read(master, 4096)
            except OSError:
                break
        os.close(master)
        self.assertEqual(run.wait(), 0)
        bars = said.decode().split("\r")
        self.assertTrue([bar for bar in bars if re.match(r"\[2/6\] .*  all \d+%  \d+ s left", bar)], bars)  # as soon as one is done

    def test_killed_in_the_middle_it_goes_on_to_the_same_table(self):
        self.whole("whole")
        run = self.start("run", "grid.yaml", "--out", "killed", "--jobs=2")
        self.until(lambda: run.poll() is not None or len(self.cells("killed")) >= 2)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        self.assertLess(len(self.cells("killed")), 6)
        done = self.run_program("run", "grid.yaml", "--out", "killed", "--jobs=2")
        self.assertRegex(done.stderr, r"(?m)^perdure: [2-5] of 6 cells are finished already$")
        self.assertEqual(self.summary("killed"), self.summary("whole"))


class Example(Sweep):
    FOLDER = os.path.join(SOURCE, "examples/sweep")

    def test_slurm_script_runs_parts_and_merges_them(self):
        script = os.path.join(self.FOLDER, "slurm.sh")
        quick = {"PERDURE": PROGRAM, "SCENARIO": self.path("grid.yaml"), "OUT": "runs/sweep"}
        for task in ("1", "2"):
            done = subprocess.run(["bash", script], cwd=self.folder.name, capture_output=True, text=True, env=self.environment(
                SLURM_ARRAY_TASK_ID=task, SLURM_ARRAY_TASK_MIN="1", SLURM_ARRAY_TASK_MAX="2", SLURM_ARRAY_TASK_COUNT="2",
                SLURM_CPUS_PER_TASK="2", **quick), check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run(["bash", script], cwd=self.folder.name, capture_output=True, text=True,
                              env=self.environment(MERGE="1", **quick), check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("6 of 6 cells are finished already", done.stderr)

    def test_kubernetes_job_says_how_many_it_is(self):
        with open(os.path.join(self.FOLDER, "kubernetes.yml"), encoding="utf-8") as f:
            words = f.read()
        self.assertEqual(re.search(r"completions: (\d+)", words).group(1),
                         re.search(r'name: JOB_COMPLETIONS.*\n +value: "(\d+)"', words).group(1))
        self.assertIn("completionMode: Indexed", words)
        self.assertIn("--shard=auto", words)

    def test_scenarios_run(self):
        done = self.run_program("run", os.path.join(self.FOLDER, "scenario.yaml"), "--out", "e", "--jobs=2", "--set", "seeds=[0]", "--set", "training.epochs=1")
        self.assertEqual([m["name"] for m in self.read_json("e", "summary.json")["methods"]],
                         ["finetune", "ewc@lambda=1", "ewc@lambda=1000"])
        self.assertIn("n = 1 seed", done.stdout)
        self.assertIn("8 cells", self.run_program("check", os.path.join(self.FOLDER, "search.yaml")).stdout)


if __name__ == "__main__":
    unittest.main()
