"""examples/: every scenario passes `perdure check`; every README of a paper says what the kept results do; and the script that
writes it, on a paper that is made here, keeps what a run leaves, sees what is stale, and refuses a table that says more."""
import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD = os.environ["PERDURE_SOURCE_DIR"], os.environ["PERDURE_BUILD_DIR"]
PROGRAM = os.path.join(BUILD, "bin", "perdure")

SCENARIO = """perdure: 1
name: made
seeds: [0, 1]
data: {set: synthetic, classes: 4, train_rows: 80, test_rows: 40, shape: [6]}
stream: {split: {by: class, tasks: 2}}
network: {type: mlp, hidden: [8]}
training: {batch: 8, epochs: 2}
device: {type: cpu}
methods:
  - name: finetune
  - name: later
evaluation:
  expect:
    - {method: finetune, metric: acc.macro, between: [0, 1], source: "a share"}
"""
README = """# Made

<!-- table: written by examples/papers/reproduce -->
<!-- end of table -->

Behind it.
"""


class Examples(unittest.TestCase):
    def test_every_scenario_passes_check(self):
        files = glob.glob(SOURCE + "/examples/**/*.yaml", recursive=True)
        self.assertGreaterEqual(len(files), 4)
        for file in files:
            with self.subTest(file=os.path.relpath(file, SOURCE)):
                done = subprocess.run([PROGRAM, "check", file], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_tables_are_those_of_the_results(self):
        done = subprocess.run([sys.executable, "-B", SOURCE + "/examples/papers/reproduce", "--check"], cwd=SOURCE,
                              env=dict(os.environ, PERDURE=PROGRAM), capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Script(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="perdure-papers-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.paper = self.folder / "examples/papers/made"
        self.paper.mkdir(parents=True)
        shutil.copy(SOURCE + "/examples/papers/reproduce", self.paper.parent / "reproduce")
        (self.paper / "made.yaml").write_text(SCENARIO)
        (self.paper / "README.md").write_text(README)

    def reproduce(self, *arguments, code=0):
        done = subprocess.run([sys.executable, "-B", str(self.paper.parent / "reproduce"), *arguments], cwd=self.folder,
                              env=dict(os.environ, PERDURE=PROGRAM), capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def table(self):
        return [line for line in (self.paper / "README.md").read_text().splitlines() if line.startswith("| ")]

    def results(self, change=None):
        file = self.paper / "results/made.json"
        kept = json.loads(file.read_text())
        if change:
            change(kept)
            file.write_text(json.dumps(kept))
        return kept

    def test_a_run_is_kept_and_told(self):
        self.reproduce("--table")
        self.assertIn("| finetune | 0 to 100 |  | not run | a share |", self.table())
        self.reproduce("made")
        kept = self.results()
        self.assertEqual([m["name"] for m in kept["methods"]], ["finetune", "later"])
        for method in kept["methods"]:
            self.assertEqual(method["seeds"], [0, 1])
            self.assertEqual([len(w) for w in method["weights_sha256"]], [64, 64])
            self.assertEqual(len(method["metrics"]["acc.macro"]), 2)
        mean = sum(kept["methods"][0]["metrics"]["acc.macro"]) / 2
        self.assertTrue(self.table()[1].startswith(f"| finetune | 0 to 100 | {100 * mean:.2f} ± "), self.table()[1])
        self.assertIn(" (2) | pass | a share; ", self.table()[1])
        self.assertIn("| no gate |", self.table()[2])
        self.assertTrue((self.paper / "README.md").read_text().endswith("<!-- end of table -->\n\nBehind it.\n"))
        self.reproduce("--check")

    def test_what_is_no_longer_true_is_told(self):
        self.reproduce("made")
        good = (self.paper / "README.md").read_text()
        (self.paper / "README.md").write_text(good.replace("| pass |", "| passed |"))
        self.assertIn("found another table than that of the results", self.reproduce("--check", code=1))
        (self.paper / "README.md").write_text(good)
        (self.paper / "made.yaml").write_text(SCENARIO.replace("hidden: [8]", "hidden: [9]"))
        self.assertIn("network.hidden: [8] in the results, [9] in the scenario", self.reproduce("--check", code=1))
        (self.paper / "made.yaml").write_text(SCENARIO.replace("[0, 1], source", "[0, 0.5], source"))
        self.assertIn("gates: others in the results than in the scenario", self.reproduce("--check", code=1))
        (self.paper / "made.yaml").write_text(SCENARIO.replace("name: later", "name: sooner"))
        self.assertIn("later: no such method", self.reproduce("--check", code=1))
        (self.paper / "made.yaml").write_text(SCENARIO)
        self.reproduce("--check")
        self.results(lambda kept: kept["methods"][0]["metrics"].update({"acc.macro": [1.2, 1.3]}))
        self.assertIn("expected what its seeds come to", self.reproduce("--check", code=1))

    def test_a_gate_that_does_not_hold_wants_a_reason(self):
        (self.paper / "made.yaml").write_text(SCENARIO.replace("between: [0, 1]", "is: 0.999, within: 0.0001"))
        self.assertIn("found no reason in results/why.json", self.reproduce("made", code=1))
        self.assertIn("| **fail** |", self.table()[1])
        (self.paper / "results/why.json").write_text('{"made/finetune": "it forgets"}')
        self.reproduce("--table")
        self.assertTrue(self.table()[1].endswith("; it forgets |"), self.table()[1])
        self.reproduce("--check")

    def test_a_part_is_kept_and_an_old_commit_stays_with_its_weights(self):
        self.reproduce("made")
        self.results(lambda kept: kept["methods"][0].update(commit="of old"))
        shutil.rmtree(self.folder / "runs/made/cells/later/seed-1")
        self.assertIn("made/later: not all seeds are there", self.reproduce("--keep", "made"))
        kept = self.results()
        self.assertEqual([(m["name"], m["commit"]) for m in kept["methods"]], [("finetune", "of old")])
        self.assertIn("| later |  |  | not run |  |", self.table())

    def test_names_that_are_not_there(self):
        self.assertIn("found nothing; expected some of made", self.reproduce("made", "nothing", code=1))
        self.assertIn("found paper other; expected one of made", self.reproduce("other", code=1))


if __name__ == "__main__":
    unittest.main()
