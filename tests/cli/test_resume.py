#!/usr/bin/env python3
"""A run that was killed goes on where its newest whole checkpoint stands, and ends as if nothing had been."""
import hashlib
import os
import signal
import time
import unittest

from program import Case

SETS = ["--set", "training.epochs=100", "--set", "seeds=[0]", "--set", "output.checkpoint={every: {batches: 200}, keep: 3}"]
CELL = "runs/clouds/cells/finetune/seed-0"


class Resume(Case):
    def kill(self, count=3, folder=CELL, more=(), beyond=""):
        """Starts a run and kills it, coordinator and cell, once so many checkpoints were written."""
        run = self.start("run", "clouds.yaml", *SETS, *more, start_new_session=True)
        end = time.monotonic() + 60
        while time.monotonic() < end and run.poll() is None:
            names = self.checkpoints(folder)
            if len(names) >= count and names[-1] > beyond:
                break
            time.sleep(0.002)
        os.killpg(run.pid, signal.SIGKILL)
        said = run.communicate()[1]
        self.assertEqual(run.returncode, -signal.SIGKILL, said)
        self.assertGreaterEqual(len(self.checkpoints(folder)), count)

    def checkpoints(self, folder=CELL):
        try:
            return sorted(n for n in os.listdir(self.path(folder, "checkpoints")) if n.startswith("step-"))
        except FileNotFoundError:
            return []

    def latest(self):
        return os.readlink(self.path(CELL, "checkpoints", "latest"))

    def outcome(self, folder):
        result = self.read_json(folder, "cells/finetune/seed-0/result.json")
        with open(self.path(folder, "cells/finetune/seed-0/log.jsonl"), encoding="utf-8") as f:
            log = f.read()
        return result["weights_sha256"], result["matrix"], result["steps"], result["warnings"], log

    def test_goes_on_and_ends_with_the_same_bits(self):
        self.run_program("run", "clouds.yaml", *SETS, "--out", "runs/whole")
        self.kill()
        again = self.run_program("run", "clouds.yaml", *SETS)
        self.assertRegex(again.stderr, r"finetune/seed-0: info: goes on from step-\d{8}-in-task-\d")
        self.assertEqual(self.outcome("runs/clouds"), self.outcome("runs/whole"))
        self.assertEqual(len(self.checkpoints()), 3)
        self.assertEqual(self.latest(), self.checkpoints()[-1])

    def test_a_damaged_one_is_named_and_another_is_taken(self):
        self.run_program("run", "clouds.yaml", *SETS, "--out", "runs/whole")
        self.kill()
        damaged = self.latest()
        # one more than `latest` may be there: kill -9 came when it was whole and latest did not name it yet
        other = [name for name in self.checkpoints() if name != damaged][-1]
        path = self.path(CELL, "checkpoints", damaged, "weights.safetensors")
        with open(path, "r+b") as f:
            f.seek(-5, os.SEEK_END)
            byte = f.read(1)
            f.seek(-5, os.SEEK_END)
            f.write(bytes([byte[0] ^ 1]))
        again = self.run_program("run", "clouds.yaml", *SETS)
        self.assertIn(f"checkpoints/{damaged}/weights.safetensors: ", again.stderr)
        self.assertIn("this checkpoint is damaged and stays; the newest of the others is tried", again.stderr)
        self.assertIn(f"goes on from {other}", again.stderr)
        self.assertEqual(self.outcome("runs/clouds")[:3], self.outcome("runs/whole")[:3])

    def test_gone_back_behind_one_nobody_comes_to_it_again(self):
        """Newer ones are of a course that is given up: rows on disk that only they need may go."""
        strategies = ["--set", "methods=[{name: finetune, strategies: [{replay: {capacity: 40, where: disk, online: true, every_epoch: true}}]}]"]
        self.kill(more=strategies)
        names = self.checkpoints()
        latest = self.path(CELL, "checkpoints", "latest")
        os.unlink(latest)
        os.symlink(names[0], latest)
        self.kill(count=3, more=strategies, beyond=names[-1])
        said = self.run_program("run", "clouds.yaml", *SETS, *strategies).stderr
        self.assertIn("goes on from", said)
        self.run_program("run", "clouds.yaml", *SETS, *strategies, "--out", "runs/whole")
        self.assertEqual(self.outcome("runs/clouds"), self.outcome("runs/whole"))
        left = [n for n in os.listdir(self.path(CELL, "checkpoints")) if n.startswith("left-")]
        self.assertGreaterEqual(len(left), 2)
        self.run_program("run", "clouds.yaml", *SETS, *strategies, "--fresh")
        self.assertEqual([n for n in os.listdir(self.path(CELL, "checkpoints")) if n.startswith("left-")], [])

    def test_a_newer_format_is_refused_by_number(self):
        self.kill()
        path = self.path(CELL, "checkpoints", self.latest(), "manifest.json")
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines(keepends=True)
        body = "".join(lines[:-2]).replace('"format": 1,', '"format": 4,')
        digest = hashlib.sha256(body.encode()).hexdigest()
        with open(path, "w", encoding="utf-8") as f:
            f.write(body + lines[-2].split(":")[0] + f': "{digest}"\n' + lines[-1])
        before = self.checkpoints()
        again = self.run_program("run", "clouds.yaml", *SETS, code=1)
        self.assertIn("format", again.stderr)
        self.assertIn("4", again.stderr)
        self.assertEqual(self.checkpoints(), before)
        self.run_program("run", "clouds.yaml", *SETS, "--fresh")

    def test_the_state_of_another_plan_is_refused_before_anything_is_done(self):
        self.kill()
        before = self.checkpoints()
        other = self.run_program("run", "clouds.yaml", *SETS, "--set", "optimizer.lr=0.2", code=73)
        self.assertIn("found the checkpoint of another plan", other.stderr)
        self.assertIn("optimizer.lr: was 0.1, is 0.2", other.stderr)
        self.assertEqual(self.checkpoints(), before)
        fresh = self.run_program("run", "clouds.yaml", *SETS, "--set", "optimizer.lr=0.2", "--fresh")
        self.assertNotIn("goes on from", fresh.stderr)

    def test_how_often_is_no_part_of_the_plan(self):
        self.kill()
        again = self.run_program("run", "clouds.yaml", *SETS, "--set", "output.checkpoint={every: task, keep: 1}")
        self.assertIn("goes on from", again.stderr)
        self.assertEqual(len(self.checkpoints()), 1)
        self.assertRegex(self.latest(), r"-after-task-2$")

    def test_fresh_does_away_with_a_memory_whatever_is_in_it(self):
        strategies = ["--set", "methods=[{name: finetune, strategies: [{replay: {capacity: 40, where: disk}}]}]"]
        self.run_program("run", "clouds.yaml", *SETS, *strategies)
        path = self.path(CELL, "memory/replay/samples/data.mdb")
        with open(path, "r+b") as f:
            f.write(b"no database" * 1000)
        self.write(os.path.join(CELL, "memory/notes"), "mine")
        self.run_program("run", "clouds.yaml", *SETS, *strategies, "--fresh")
        self.run_program("memory", "verify", os.path.dirname(path))
        self.assertTrue(os.path.exists(self.path(CELL, "memory/notes")))

    def test_none_keeps_nothing(self):
        self.run_program("run", "clouds.yaml", "--set", "output.checkpoint=none")
        self.assertFalse(os.path.exists(self.path(CELL, "checkpoints")))

    def test_what_it_cost_is_in_the_result(self):
        self.run_program("run", "clouds.yaml", *SETS)
        seconds = self.read_json(CELL, "result.json")["seconds"]
        self.assertGreater(seconds["checkpoint"], 0)


if __name__ == "__main__":
    unittest.main()
