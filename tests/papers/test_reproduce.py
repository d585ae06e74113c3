"""examples/papers/reproduce on a paper that is made here: it keeps what a run of the scenario leaves and nothing else, sees what is
stale, and refuses a table that says more than the results."""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

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
  - {name: later, strategies: [{replay: {capacity: 20, batch: 4}}]}
evaluation:
  expect:
    - {method: finetune, metric: acc.macro, between: [0, 1], source: "a share"}
"""
TWO_GATES = SCENARIO + """    - {method: finetune, metric: aia.icarl, is: 0.999, within: 0.0001, source: "a dream"}
    - {method: later, metric: acc.macro, between: [0, 1], source: "another"}
"""
README = """# Made

<!-- table: written by examples/papers/reproduce -->
<!-- end of table -->

Behind it.
"""


def edit(file, change):
    """A JSON file with `change` made to it."""
    inside = json.loads(file.read_text())
    change(inside)
    file.write_text(json.dumps(inside))
    return inside


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """One run of the scenario, which each test gets a copy of: that goes on where it ended and trains nothing."""
        cls.trained = pathlib.Path(tempfile.mkdtemp(prefix="perdure-papers-"))
        cls.addClassCleanup(shutil.rmtree, cls.trained)
        (cls.trained / "made.yaml").write_text(SCENARIO)
        subprocess.run([PROGRAM, "run", "made.yaml", "--out", "runs/made"], cwd=cls.trained, capture_output=True, check=True)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="perdure-papers-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.paper = self.folder / "examples/papers/made"
        self.paper.mkdir(parents=True)
        self.script = self.paper.parent / "reproduce"
        self.run, self.kept = self.folder / "runs/made", self.paper / "results/made.json"
        shutil.copytree(self.trained / "runs", self.folder / "runs")
        shutil.copy(SOURCE + "/examples/papers/reproduce", self.script)
        (self.paper / "README.md").write_text(README)
        self.scenario(SCENARIO)

    def scenario(self, words):
        (self.paper / "made.yaml").write_text(words)

    def reproduce(self, *arguments, code=0, **environment):
        done = subprocess.run([sys.executable, "-B", str(self.script), *arguments], cwd=self.folder, capture_output=True,
                              env={**os.environ, "PERDURE": PROGRAM, **environment}, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done.stderr

    def keep(self, head="new", code=0):
        return self.reproduce("--keep", "--commit", head, "made", code=code)

    def module(self):
        """The script itself, for what would need another program or another machine."""
        loader = importlib.machinery.SourceFileLoader("reproduce", str(self.script))
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader("reproduce", loader))
        loader.exec_module(module)
        named = mock.patch.dict(os.environ, PERDURE=PROGRAM)
        named.start()
        self.addCleanup(named.stop)
        return module

    def table(self):
        return [line for line in (self.paper / "README.md").read_text().splitlines() if line.startswith("| ")][1:]

    def results(self, change=lambda kept: None):
        return edit(self.kept, change)

    def why(self, reasons):
        (self.paper / "results").mkdir(exist_ok=True)
        (self.paper / "results/why.json").write_text(json.dumps(reasons))


class Keep(Case):
    def test_a_run_is_kept_and_told(self):
        shutil.rmtree(self.folder / "runs")
        self.reproduce("--table")
        self.assertIn("| finetune | 0 to 100 |  | not run | a share |", self.table())
        self.reproduce("made")
        kept = self.results()
        self.assertEqual([m["name"] for m in kept["methods"]], ["finetune", "later"])
        for method in kept["methods"]:
            self.assertEqual(method["seeds"], [0, 1])
            self.assertEqual([len(w) for w in method["weights_sha256"]], [64, 64])
            self.assertEqual(len(method["metrics"]["acc.macro"]), 2)
            self.assertEqual((method["commit"], method["device"]), ("unknown", "cpu"))
        mean = sum(kept["methods"][0]["metrics"]["acc.macro"]) / 2
        self.assertTrue(self.table()[0].startswith(f"| finetune | 0 to 100 | {100 * mean:.2f} ± "), self.table()[0])
        self.assertIn(" (2) | pass | a share; ", self.table()[0])
        self.assertIn("| no gate |", self.table()[1])
        self.assertTrue((self.paper / "README.md").read_text().endswith("<!-- end of table -->\n\nBehind it.\n"))
        self.reproduce("--check")

    def test_a_strategy_with_a_table_is_a_paper(self):
        mine, other = self.folder / "examples/strategies/made", self.folder / "examples/strategies/plain"
        shutil.copytree(self.paper, mine)
        shutil.rmtree(self.paper)
        other.mkdir()
        (other / "README.md").write_text("# No table\n")
        self.paper, self.kept = mine, mine / "results/made.json"
        self.keep()
        self.assertIn(" (2) | pass | a share; ", self.table()[0])
        self.reproduce("--check")
        self.assertIn("found paper plain; expected one of made", self.reproduce("plain", code=1))

    def test_a_run_of_another_plan_is_refused(self):
        self.keep()
        good = self.kept.read_bytes()
        for was, now, fault in (("hidden: [8]", "hidden: [9]", "network.hidden: [8] in the results, [9] in the scenario"),
                                ("batch: 4}", "batch: 5}", "later.strategies[0].parameters.batch: 4 in the results, 5"),
                                ("[0, 1], source", "[0, 0.5], source", "gates: others in the results")):
            self.scenario(SCENARIO.replace(was, now))
            said = self.keep("newer", code=1)
            self.assertIn(f"made: {fault}", said)
            self.assertIn("; not kept\n", said)
            self.assertEqual(self.kept.read_bytes(), good)
        self.kept.unlink()
        self.keep(code=1)
        self.assertFalse(self.kept.exists())

    def test_results_are_put_in_place_whole(self):
        self.keep()
        good, link = self.kept.read_bytes(), self.folder / "link"
        os.link(self.kept, link)
        edit(self.run / "cells/later/seed-1/result.json", lambda cell: cell.update(weights_sha256="0" * 64))
        self.keep("newer")
        self.assertNotEqual(self.kept.read_bytes(), good)
        self.assertEqual(link.read_bytes(), good)  # another file was written, and took the name
        self.assertEqual([file.name for file in self.kept.parent.iterdir()], ["made.json"])

    def test_a_run_that_was_begun_anew_is_refused(self):
        self.keep()
        good, plan = self.kept.read_bytes(), self.run / "plan.json"
        os.utime(plan, ns=(0, (self.run / "summary.json").stat().st_mtime_ns + 1))
        self.assertIn("found a run begun anew in runs/made; expected one that came to its end", self.keep("newer", code=1))
        self.assertEqual(self.kept.read_bytes(), good)

    def test_the_same_weights_leave_the_old_record(self):
        self.keep("old")
        old = {"commit": "of old", "machine": {"processor": "another"}, "seconds": 1.5, "engine": {"cpu": "none"}}
        self.results(lambda kept: kept["methods"][0].update(old))
        before = self.results()
        self.keep("new")
        self.assertEqual(self.results(), before)
        self.results(lambda kept: kept["methods"][0]["weights_sha256"].reverse())
        self.keep("new")
        self.assertEqual([method["commit"] for method in self.results()["methods"]], ["new", "old"])
        self.assertNotEqual(self.results()["methods"][0]["seconds"], 1.5)
        self.results(lambda kept: kept["methods"][1]["plan"]["strategies"][0]["parameters"].update(batch=5))
        self.keep("newer")
        self.assertEqual([method["commit"] for method in self.results()["methods"]], ["new", "newer"])

    def test_a_cell_that_failed_leaves_the_record_of_before(self):
        self.scenario(TWO_GATES)
        self.why({"made/finetune/aia.icarl": "a dream"})
        self.reproduce("made", "--commit", "old", code=0)
        before = self.results()
        shutil.rmtree(self.run / "cells/later/seed-1")
        edit(self.run / "summary.json", lambda summary: summary["gates"][2].update({"pass": None, "why": "1 of 2 seeds missing"}))
        self.assertIn("made/later: not all seeds are there; what was kept of it stays", self.keep("new"))
        self.assertEqual(self.results(), before)
        self.reproduce("--check")

        # Not where it is of another plan: of the method, or of all.
        for change in (lambda kept: kept["methods"][1]["plan"]["strategies"][0]["parameters"].update(batch=5),
                       lambda kept: kept["plan"]["network"].update(hidden=[9])):
            self.kept.write_text(json.dumps(before))
            self.results(change)
            self.assertIn("made/later: not all seeds are there; not kept", self.keep("new"))
            self.assertEqual([method["name"] for method in self.results()["methods"]], ["finetune"])
            self.assertIn("| later | 0 to 100 |  | not run | another |", self.table())

    def test_what_an_auto_device_took_is_told_and_not_compared(self):
        self.scenario(SCENARIO.replace("{type: cpu}", "{type: auto}"))
        plan, summary = self.run / "plan.json", self.run / "summary.json"
        edit(plan, lambda its: (its.update(device_why="auto took cuda:7, H"), its["device"].update(type="cuda:7")))
        summary.touch()
        self.keep()
        self.assertNotIn("type", self.results()["plan"]["device"])
        self.assertEqual([method["device"] for method in self.results()["methods"]], ["cuda:7", "cuda:7"])
        self.reproduce("--check")
        self.results(lambda kept: kept["plan"]["device"].update(type="cuda:7"))  # as results were kept once
        self.reproduce("--check")
        self.scenario(SCENARIO)
        self.assertIn('device.type: "cuda:7" in the results, "cpu" in the scenario', self.reproduce("--check", code=1))


class Commit(Case):
    def test_kept_runs_want_their_commit(self):
        self.assertIn("found --keep without --commit; expected the commit", self.reproduce("--keep", "made", code=2))
        self.assertFalse(self.kept.exists())

    def git(self, *words):
        done = subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=n@n", *words], cwd=self.folder, capture_output=True,
                              text=True, check=True)
        return done.stdout.strip()

    def built(self):
        program = self.folder / "build/release/bin/perdure"
        program.parent.mkdir(parents=True)
        program.symlink_to(PROGRAM)
        return ""  # an empty PERDURE names none

    @unittest.skipUnless(shutil.which("git"), "found no git")
    def test_it_is_that_of_the_checkout_where_the_program_was_built(self):
        self.git("init", "-q")
        self.git("add", "examples")
        self.git("commit", "-qm", "one")
        head, module = self.git("rev-parse", "HEAD"), self.module()
        self.assertEqual(module.commit(), "unknown")  # the program is another's
        self.reproduce("made", PERDURE=self.built())
        self.assertEqual([method["commit"] for method in self.results()["methods"]], [head, head])
        os.environ["PERDURE"] = ""
        for name in ("CMakeLists.txt", "scripts/libtorch-cpu.txt", "core/a.c", "examples/papers/made/made.yaml"):
            file = self.folder / name
            file.parent.mkdir(exist_ok=True)
            words = file.read_text() if file.exists() else ""
            file.write_text(words + "# more\n")
            self.assertEqual(module.commit(), head + "+changes", name)
            file.write_text(words) if words else file.unlink()
            self.assertEqual(module.commit(), head, name)

    def test_programs_that_are_not_there(self):
        self.assertEqual(self.reproduce("--check", code=1, PERDURE="/nowhere/perdure"),
                         "found no program /nowhere/perdure; expected build/release/bin/perdure, or PERDURE to name it\n")
        self.assertIn("found no git; expected it to tell the commit, which is kept as unknown\n",
                      self.reproduce("made", PERDURE=self.built(), PATH="/nowhere"))
        self.assertEqual(self.results()["methods"][0]["commit"], "unknown")


class Stale(Case):
    def test_what_is_no_longer_true_is_told(self):
        self.keep()
        good = (self.paper / "README.md").read_text()
        (self.paper / "README.md").write_text(good.replace("| pass |", "| passed |"))
        self.assertIn("found another table than that of the results", self.reproduce("--check", code=1))
        (self.paper / "README.md").write_text(good)
        self.scenario(SCENARIO.replace("hidden: [8]", "hidden: [9]"))
        self.assertIn("network.hidden: [8] in the results, [9] in the scenario", self.reproduce("--check", code=1))
        self.scenario(SCENARIO.replace("[0, 1], source", "[0, 0.5], source"))
        self.assertIn("gates: others in the results than in the scenario", self.reproduce("--check", code=1))
        self.scenario(SCENARIO.replace("name: later", "name: sooner"))
        self.assertIn("later: no such method", self.reproduce("--check", code=1))
        self.scenario(SCENARIO)
        self.reproduce("--check")
        self.results(lambda kept: kept["methods"][0]["metrics"].update({"acc.macro": [1.2, 1.3]}))
        self.assertIn("expected what its seeds come to", self.reproduce("--check", code=1))

    def test_a_parameter_that_came_later_stands_at_its_default(self):
        self.keep()
        strategy = lambda kept: kept["methods"][1]["plan"]["strategies"][0]["parameters"]
        self.results(lambda kept: (strategy(kept).pop("weight"), strategy(kept).pop("online"), strategy(kept).pop("fill")))
        self.reproduce("--check")
        self.results(lambda kept: strategy(kept).pop("batch"))
        self.assertIn("strategies[0].parameters.batch: 0 in the results, 4 in the scenario", self.reproduce("--check", code=1))
        self.results(lambda kept: strategy(kept).update(batch=4, gone=1))
        self.assertIn("strategies[0].parameters.gone: 1 in the results, null in the scenario", self.reproduce("--check", code=1))

    def test_a_nested_parameter_that_came_later(self):
        module = self.module()
        for optimizer, faults in (("{type: adam, lr: 0.001}", 0), ("{type: adam, lr: 0.002}", 1)):
            words = SCENARIO.replace("replay: {capacity: 20, batch: 4}", "genreplay: {optimizer: %s}" % optimizer)
            self.scenario(words.replace("shape: [6]}", "shape: [6], normalize: unit}"))
            plan = module.plan_of(self.paper / "made.yaml")
            method = json.loads(json.dumps(plan["methods"][1]))
            del method["strategies"][0]["parameters"]["optimizer"]
            results = {"plan": module.shared(plan, False), "methods": [{"name": "later", "plan": method}], "gates": []}
            found = module.stale(results, plan)
            self.assertEqual(len(found), faults, found)

    def test_a_key_that_came_later(self):
        module = self.module()
        self.scenario(SCENARIO.replace("shape: [6]}", "shape: [1, 2, 3], pad: 1}"))
        plan = module.plan_of(self.paper / "made.yaml")
        results = {"plan": module.shared(plan, False), "methods": [], "gates": []}
        self.assertEqual(module.stale(results, plan), [])
        del results["plan"]["data"]["pad"]
        self.assertEqual(module.stale(results, plan), ["data.pad: 0 in the results, 1 in the scenario"])
        plan["data"]["pad"] = 0
        self.assertEqual(module.stale(results, plan), [])
        del results["plan"]["data"]["validation"]
        self.assertEqual(module.stale(results, plan), ["data.validation: null in the results, 0.0 in the scenario"])

    def test_names_that_are_not_there(self):
        self.assertIn("found nothing; expected some of made", self.reproduce("made", "nothing", code=1))
        self.assertIn("found paper other; expected one of made", self.reproduce("other", code=1))


class Table(Case):
    def test_a_gate_that_does_not_hold_wants_a_reason(self):
        self.scenario(SCENARIO.replace("between: [0, 1]", "is: 0.999, within: 0.0001"))
        self.assertIn("made/finetune/acc.macro: found no reason in results/why.json", self.reproduce("made", code=1))
        self.assertIn("| **fail** |", self.table()[0])
        self.why({"made/finetune/acc.macro": "it forgets"})
        self.reproduce("--table")
        self.assertTrue(self.table()[0].endswith("; it forgets |"), self.table()[0])
        self.reproduce("--check")

    def test_a_gate_has_a_row_and_a_reason_of_its_own(self):
        self.scenario(TWO_GATES)
        self.why({"made/finetune/aia.icarl": "it forgets"})
        self.reproduce("made")
        first, second, third = self.table()
        self.assertRegex(first, r"^\| finetune, acc.macro \| 0 to 100 \| [0-9. ±]+ \(2\) \| pass \| a share; band: between \|$")
        self.assertRegex(second, r"^\| finetune, aia.icarl \| 99.90 \| [0-9. ±]+ \(2\) \| \*\*fail\*\* \| a dream; .*; it forgets")
        self.assertRegex(third, r"^\| later \| 0 to 100 \| .* \| pass \| another; ")
        kept = self.results()["methods"][0]["metrics"]
        self.assertIn(f"| {50 * sum(kept['acc.macro']):.2f} ± ", first)
        self.assertIn(f"| {50 * sum(kept['aia.icarl']):.2f} ± ", second)
        self.reproduce("--check")

    def test_reasons_that_nothing_uses(self):
        self.keep()
        self.why({"made/later": "nobody says"})
        self.reproduce("--table")
        self.assertTrue(self.table()[1].endswith("| no gate | nobody says |"), self.table()[1])
        self.reproduce("--check")
        for key in ("made/finetune", "made/finetune/acc.macro", "made/later/acc.macro", "made/none"):
            self.why({"made/later": "nobody says", key: "it forgets"})
            self.assertIn(f"made: results/why.json: found {key}; expected", self.reproduce("--check", code=1))
            self.reproduce("--table", code=1)
            self.assertNotIn("it forgets", "".join(self.table()))

    def test_gates_that_are_not_judged(self):
        self.keep()
        judged = self.results()["gates"]
        self.results(lambda kept: kept["gates"].clear())
        self.assertIn("gates: others in the results", self.reproduce("--table", code=1))
        self.assertIn("| not judged | a share |", self.table()[0])
        self.scenario(SCENARIO.replace("metric: acc.macro", "metric: bwt.gem"))
        self.results(lambda kept: kept["gates"].extend(judged))
        self.reproduce("--table", code=1)
        self.assertIn("| not judged | a share |", self.table()[0])

    def test_a_metric_that_a_seed_has_not(self):
        self.keep("old")
        words = "acc.macro is absent in 1 of 2 seeds"
        edit(self.run / "cells/finetune/seed-1/result.json", lambda cell: cell["metrics"].update({"acc.macro": None}))
        edit(self.run / "summary.json", lambda summary: summary["gates"][0].update({"pass": None, "why": words}))
        self.keep()
        self.assertIn(f"| finetune | 0 to 100 |  | not judged | a share; {words} |", self.table())
        self.reproduce("--check")
        self.results(lambda kept: kept["gates"][0].update({"pass": True}))
        self.assertIn("found True for the gate; expected what its seeds come to", self.reproduce("--check", code=1))


if __name__ == "__main__":
    unittest.main()
