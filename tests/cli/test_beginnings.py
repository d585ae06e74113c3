#!/usr/bin/env python3
"""Cells that are the same up to the end of their first task share it, and come to what they come to alone: every file that is compared
anywhere is the same, however often the run is killed on its way."""
import os
import shutil
import signal
import time
import unittest

from program import Case

SCENARIO = """\
perdure: 1
name: clouds
seeds: [0]
data: {set: csv, train: clouds.csv, test_every: 5, label: last%(data)s}
stream: {split: {by: class, tasks: 2, order: given}, scenario: class-il}
network: {type: mlp, hidden: [8]}
optimizer: {type: sgd, lr: 0.1}
training: {batch: 8, epochs: 15}
device: {type: cpu, threads: 1}
methods:
%(methods)s
%(rest)s
output: {folder: "runs/{name}"}
"""
METHODS = """\
  - name: finetune
  - {name: ewc, strategies: [{ewc: {lambda: 5}}]}
  - {name: lwf, strategies: [{lwf: {}}]}
  - {name: replay, strategies: [{replay: {capacity: 20}}]}"""
SEARCHED = """\
  - {name: ewc, strategies: [{ewc: {lambda: 1}}]}"""
SEARCH = "search: {kind: grid, metric: acc.macro, seeds: [0], space: {ewc.lambda: [1, 5, 20]}}"
TIMES = ("seconds", "steps_per_second", "peak_memory_bytes")
ONCE = "first task trained once for all"


class Beginnings(Case):
    def scenario(self, methods=METHODS, data="", rest=""):
        self.write("clouds.yaml", SCENARIO % {"methods": methods, "data": data, "rest": rest})

    def outcome(self, folder, below="cells"):
        """All that a cell leaves and that others compare, cell by cell."""
        found = {}
        for method in sorted(os.listdir(self.path(folder, below))):
            for seed in sorted(os.listdir(self.path(folder, below, method))):
                cell = os.path.join(folder, below, method, seed)
                result = self.read_json(cell, "result.json")
                self.assertIn("weights_sha256", result)
                kept = [{key: value for key, value in result.items() if key not in TIMES}]
                for name in ("log.jsonl", "matrix.csv", "weights.safetensors"):
                    if os.path.exists(self.path(cell, name)):  # a trial has no matrix.csv
                        with open(self.path(cell, name), "rb") as f:
                            kept.append(f.read())
                found[f"{method}/{seed}"] = kept
        return found

    def test_shared_is_as_alone_and_killed_at_any_moment(self):
        self.scenario()
        done = self.run_program("run", "clouds.yaml", "--out", "runs/alone", "--alone", "--set", "seeds=[0, 1]")
        self.assertNotIn(ONCE, done.stderr)
        alone = self.outcome("runs/alone")
        first = {name: kept for name, kept in alone.items() if name.endswith("-0")}
        done = self.run_program("run", "clouds.yaml", "--jobs", "2", "--set", "seeds=[0, 1]")
        self.assertEqual(done.stderr.count(ONCE), 2, done.stderr)  # once a seed
        self.assertRegex(done.stderr, r"finetune/seed-0 and 2 others: " + ONCE + r", in \d+\.\d s\n")
        self.assertEqual(self.outcome("runs/clouds"), alone)
        self.assertFalse(os.path.exists(self.path("runs/clouds/beginnings")))
        self.assertIn("verified", self.run_program("verify", "runs/clouds", "--cells", "1").stdout)
        one = self.run_program("run", "clouds.yaml", "--fresh", "--only", "ewc/0", "--only", "lwf/0", "--set", "seeds=[0, 1]")
        self.assertIn("ewc/seed-0 and 1 other: " + ONCE, one.stderr)
        self.assertEqual(self.outcome("runs/clouds"), alone)
        for seconds in (0.3, 0.6, 1):
            self.killed("runs/killed", lambda: False, seconds)
        self.damaged()
        for folder in ("runs/killed", "runs/damaged"):
            self.run_program("run", "clouds.yaml", "--jobs", "2", "--out", folder)
            self.assertEqual(self.outcome(folder), first)
            self.assertFalse(os.path.exists(self.path(folder, "beginnings")))

    def killed(self, folder, over, seconds):
        run = self.start("run", "clouds.yaml", "--out", folder, start_new_session=True)
        end = time.monotonic() + seconds
        while time.monotonic() < end and run.poll() is None and not over():
            time.sleep(0.002)
        if run.poll() is None:  # a fast machine may have come to the end of it
            os.killpg(run.pid, signal.SIGKILL)
        run.communicate()

    def damaged(self):
        """A run that is killed once the first task lies there, of which a bit then turns over."""
        folder = self.path("runs/damaged/beginnings")
        self.killed("runs/damaged", lambda: any("latest" in a + b for _, a, b in os.walk(folder)), 60)
        place = os.path.join(folder, os.listdir(folder)[0], "latest", "weights.safetensors")
        with open(place, "r+b") as f:
            f.seek(-1, os.SEEK_END)
            last = f.read(1)
            f.seek(-1, os.SEEK_END)
            f.write(bytes([last[0] ^ 1]))

    def test_of_another_plan_is_not_taken(self):
        """What a killed run has left lies there under the digest of its own plan."""
        self.scenario(METHODS[:METHODS.index("  - {name: lwf")])
        self.killed("runs/clouds", lambda: any("latest" in a + b for _, a, b in os.walk(self.path("runs/clouds/beginnings"))), 60)
        left = os.listdir(self.path("runs/clouds/beginnings"))
        self.assertEqual(len(left), 1)
        other = ("--set", "optimizer.lr=0.2")
        done = self.run_program("run", "clouds.yaml", "--changed", *other)
        self.assertEqual(done.stderr.count(ONCE), 1, done.stderr)
        self.run_program("run", "clouds.yaml", "--out", "runs/alone", "--alone", *other)
        self.assertEqual(self.outcome("runs/clouds"), self.outcome("runs/alone"))

    def test_parts_share_what_they_have(self):
        """Cells of one beginning fall into both parts: each part trains it once, for itself, and their folders are those of the whole."""
        self.scenario()
        self.run_program("run", "clouds.yaml", "--out", "runs/alone", "--alone")
        for part in ("1", "2"):
            done = self.run_program("run", "clouds.yaml", "--out", "runs/part-" + part, "--shard", part + "/2")
            self.assertEqual(done.stderr.count(ONCE), {"1": 1, "2": 0}[part], done.stderr)
            self.assertFalse(os.path.exists(self.path("runs/part-" + part, "beginnings")))
            shutil.copytree(self.path("runs/part-" + part), self.path("runs/clouds"), dirs_exist_ok=True, symlinks=True)
        self.assertIn("4 of 4 cells are finished already", self.run_program("run", "clouds.yaml").stderr)
        self.assertEqual(self.outcome("runs/clouds"), self.outcome("runs/alone"))

    def test_trials_of_a_search(self):
        self.scenario(SEARCHED, ", validation: 0.2", SEARCH)
        done = self.run_program("run", "clouds.yaml")
        self.assertIn("and 2 others: " + ONCE, done.stderr)
        self.run_program("run", "clouds.yaml", "--out", "runs/alone", "--alone")
        for below in ("cells", "trials"):
            self.assertEqual(self.outcome("runs/clouds", below), self.outcome("runs/alone", below))

    def children(self, run):
        with open(f"/proc/{run.pid}/task/{run.pid}/children", encoding="ascii") as f:
            return [int(word) for word in f.read().split()]

    def test_stopped_by_itself(self):
        """A signal to the process of the first task alone: the run goes on, and each cell trains that task itself."""
        self.scenario(METHODS[:METHODS.index("  - {name: lwf")])
        longer = ("--set", "training.epochs=1000")
        run = self.start("run", "clouds.yaml", *longer)
        while not os.path.exists(self.path("runs/clouds/plan.json")) or not self.children(run):
            time.sleep(0.002)
        time.sleep(0.5)
        os.kill(self.children(run)[0], signal.SIGTERM)
        _, words = run.communicate()
        self.assertEqual(run.returncode, 0, words)
        self.assertIn("; each trains its first task itself", words)
        self.run_program("run", "clouds.yaml", "--out", "runs/alone", "--alone", *longer)
        self.assertEqual(self.outcome("runs/clouds"), self.outcome("runs/alone"))

    def test_what_does_not_pay_or_is_to_be_saved_within_a_task_is_not_shared(self):
        self.scenario()
        done = self.run_program("run", "clouds.yaml", "--set", "training.epochs=1")
        self.assertNotIn(ONCE, done.stderr)
        two = ("run", "clouds.yaml", "--only", "ewc", "--only", "lwf", "--set", "training.epochs=40")
        self.assertIn(ONCE, self.run_program(*two, "--out", "once").stderr)
        often = self.run_program(*two, "--out", "often", "--set", "output.checkpoint={every: {batches: 50}}")
        self.assertNotIn(ONCE, often.stderr)


if __name__ == "__main__":
    unittest.main()
