#!/usr/bin/env python3
"""A changed scenario in the folder of a run: cells that did not change are kept, the others are put aside whole and trained again."""
import os
import signal
import subprocess
import time
import unittest

from program import SCENARIO, Case

CLOUDS = SCENARIO.replace("  - name: joint\n    train_on: all\n", """\
  - {name: ewc, strategies: [{ewc: {lambda: 5}}]}
""")
LAMBDA = "methods[1].strategies[0].ewc.lambda="
SEARCH = "search: {kind: grid, metric: acc.macro, seeds: [0], space: {ewc.lambda: [1, 5]}}\n"


class Changed(Case):
    def setUp(self):
        super().setUp()
        self.write("clouds.yaml", CLOUDS)

    def changed(self, *more, code=0):
        return self.run_program("run", "clouds.yaml", "--changed", *more, code=code)

    def tree(self, *parts, stamps=False):
        """Every file below, with its bytes; with `stamps` when it was written, too."""
        found, top = {}, self.path(*parts)
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    found[os.path.relpath(path, top)] = (f.read(), os.stat(path).st_mtime_ns if stamps else 0)
        return found

    def aside(self):
        top = self.path("runs/clouds/aside")
        methods = sorted(os.listdir(top)) if os.path.exists(top) else []
        return [f"{method}/{cell}" for method in methods for cell in sorted(os.listdir(os.path.join(top, method)))]

    def digest(self, cell, folder="runs/clouds"):
        return self.read_json(folder, "cells", cell, "result.json")["plan_sha256"][:12]

    def weights(self, cell, folder="runs/clouds"):
        return self.read_json(folder, "cells", cell, "result.json")["weights_sha256"]

    def test_what_changed_is_put_aside_and_the_rest_is_kept(self):
        self.run_program("run", "clouds.yaml", "--jobs", "2")
        other = ("--set", LAMBDA + "50")
        refused = self.run_program("run", "clouds.yaml", *other, code=73)
        self.assertIn("lambda: was 5.0, is 50.0\nhint: --changed puts it aside and runs the cell again, --fresh ", refused.stderr)
        was, five = [self.tree("runs/clouds/cells/ewc", f"seed-{s}") for s in (0, 1)], self.digest("ewc/seed-0")
        kept = self.tree("runs/clouds/cells/finetune", stamps=True)
        self.changed(*other, "--dry-run")
        for said in ("--fresh", "--resume"):
            self.assertIn(f"run: found --changed and {said}; expected one of them", self.changed(said, code=64).stderr)
        self.assertEqual(self.aside(), [])
        done = self.changed(*other)
        self.assertIn("perdure: 2 of 4 cells are finished already; 2 are of another plan now and begin anew (what they were "
                      "lies in runs/clouds/aside)\n", done.stderr)
        self.assertEqual([self.tree("runs/clouds/aside/ewc", f"seed-0.{five}")], was[:1])
        self.assertEqual(len(self.aside()), 2)
        self.assertEqual(self.tree("runs/clouds/cells/finetune", stamps=True), kept)
        self.run_program("run", "clouds.yaml", *other, "--only", "ewc/0", "--out", "whole")
        self.assertEqual(self.weights("ewc/seed-0"), self.weights("ewc/seed-0", "whole"))
        self.assertIn("perdure: 4 of 4 cells are finished already\n", self.changed(*other).stderr)
        self.nobody_else_sees_it()
        fifty = self.digest("ewc/seed-0")
        self.changed("--only", "ewc/0")  # and back: the first is there already
        self.changed("--only", "ewc/0", *other)
        self.assertEqual([c for c in self.aside() if "seed-0" in c],
                         sorted([f"ewc/seed-0.{five}", f"ewc/seed-0.{five}.2", f"ewc/seed-0.{fifty}"]))
        self.assertEqual(self.tree("runs/clouds/aside/ewc", f"seed-0.{five}"), was[0])

    def nobody_else_sees_it(self):
        self.assertIn("verified", self.run_program("verify", "runs/clouds", "--cells", "0").stdout)
        self.run_program("bundle", "runs/clouds", "run.tar.gz")
        packed = subprocess.run(["tar", "tzf", self.path("run.tar.gz")], capture_output=True, text=True, check=True).stdout
        self.assertIn("cells/ewc/seed-0/result.json", packed)
        self.assertNotIn("aside", packed)
        self.assertEqual(self.run_program("report", "runs/clouds", "--csv").stdout.count("acc.macro"), 4)

    def test_only_what_is_wanted_and_killed_at_any_moment(self):
        self.run_program("run", "clouds.yaml", "--jobs", "2")
        old = {f"{m}/{c}.{self.digest(f'{m}/{c}')}": self.tree("runs/clouds/cells", m, c)
               for m in ("ewc", "finetune") for c in ("seed-0", "seed-1")}
        other = ("--set", "optimizer.lr=0.2")
        done = self.changed(*other, "--only", "ewc/1")
        self.assertIn("perdure: 1 of 1 cells is of another plan now and begins anew (what it was lies in runs/clouds/aside)\n",
                      done.stderr)
        self.assertEqual([c[:11] for c in self.aside()], ["ewc/seed-1."])
        self.changed(*other, "--shard", "1/2")
        self.assertEqual([c[:11] for c in self.aside()], ["ewc/seed-0.", "ewc/seed-1.", "finetune/se"])
        for seconds in (0.04, 0.08, 0.16):
            run = self.start("run", "clouds.yaml", "--changed", *other, start_new_session=True)
            time.sleep(seconds)
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate()
        self.assertIn("3 of 4 cells are finished already", self.changed(*other).stderr)
        self.assertEqual({c: self.tree("runs/clouds/aside", c) for c in self.aside()}, old)
        alone = ("--set", "methods=[{name: finetune}]")  # cells of no method stay as they are
        self.assertIn("2 of 2 cells are finished already", self.changed(*other, *alone).stderr)
        self.assertEqual(sorted(os.listdir(self.path("runs/clouds/cells"))), ["ewc", "finetune"])

    def test_begun_cells_and_a_run_killed_between_two_moves(self):
        self.run_program("run", "clouds.yaml", "--only", "finetune", "--jobs", "2")
        first = self.digest("finetune/seed-0")
        os.makedirs(self.path("runs/clouds/aside/finetune"))
        os.rename(self.path("runs/clouds/cells/finetune/seed-0"), self.path("runs/clouds/aside/finetune/seed-0." + first))
        os.remove(self.path("runs/clouds/cells/finetune/seed-1/result.json"))  # as one that was stopped: checkpoints alone
        begun = self.tree("runs/clouds/cells/finetune/seed-1")
        self.assertTrue([name for name in begun if name.startswith("checkpoints/step-")])
        other = ("--set", "optimizer.lr=0.2", "--only", "finetune", "--jobs", "2")
        self.assertIn("found the checkpoint of another plan", self.run_program("run", "clouds.yaml", *other, code=73).stderr)
        self.assertIn("perdure: 1 of 2 cells is of another plan now", self.changed(*other).stderr)
        self.assertEqual([c[:15] for c in self.aside()], ["finetune/seed-0", "finetune/seed-1"])
        self.assertEqual(self.tree("runs/clouds/aside", self.aside()[1]), begun)
        place = self.path("runs/clouds/cells/finetune/seed-0/result.json")  # what stands in a file is not taken for a path
        with open(place, encoding="utf-8") as f:
            words = f.read().replace(self.read_json(place)["plan_sha256"], "../../../../x")
        with open(place, "w", encoding="utf-8") as f:
            f.write(words)
        self.changed("--set", "optimizer.lr=0.2", "--only", "finetune/0")
        self.assertIn("finetune/seed-0.unknown", self.aside())

    def test_trials_of_a_search(self):
        self.write("clouds.yaml", CLOUDS.replace("label: last", "label: last\n  validation: 0.2").replace(
            "  - name: finetune\n", "").replace("output:", SEARCH + "output:").replace("seeds: [0, 1]", "seeds: [0]"))
        self.run_program("run", "clouds.yaml", "--jobs", "2")
        done = self.changed("--jobs", "2", "--set", "optimizer.lr=0.2")
        self.assertIn("perdure: 2 of 2 trials are of another plan now and begin anew (what they were lies in ", done.stderr)
        self.assertIn("perdure: 1 of 1 cells is of another plan now and begins anew (what it was lies in ", done.stderr)
        self.assertEqual(sorted(os.listdir(self.path("runs/clouds/aside"))), ["ewc", "trials"])
        self.assertEqual(len(os.listdir(self.path("runs/clouds/aside/trials"))), 2)


if __name__ == "__main__":
    unittest.main()
