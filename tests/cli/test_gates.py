#!/usr/bin/env python3
"""Gates from end to end: runs that hold and do not, on both sides, what is not decided, and `perdure report`."""
import json
import os
import re
import unittest

from program import SCENARIO, Case

GATES = """\
evaluation:
  expect:
    - {method: finetune, metric: acc.macro, is: 0.5, sem: 0.001, n: 20, source: "what forgetting leaves of two tasks"}
    - {method: joint, metric: acc.macro, between: [0.95, 1], source: "clouds that lie apart"}
"""


class Gates(Case):
    def setUp(self):
        super().setUp()
        self.write("clouds.yaml", SCENARIO + GATES)

    def gates(self):
        return self.read_json("runs/clouds/summary.json")["gates"]

    def test_gates_that_hold(self):
        done = self.run_program("run", "clouds.yaml", COLUMNS="120")
        self.assertNotIn("gate", done.stderr)
        self.assertRegex(done.stdout, r"(?m)^gate +published +ours +band +result$")
        self.assertRegex(done.stdout, r"(?m)^finetune acc\.macro +0\.5000 \+- 0\.0010 \(20\) +0\.\d{4} \+- 0\.\d{4} \(2\) +"
                                      r"0\.\d{4}\.\.0\.\d{4} +pass$")
        self.assertRegex(done.stdout, r"(?m)^joint acc\.macro +0\.9500\.\.1\.0000 .* 0\.9500\.\.1\.0000 +pass$")
        told = self.gates()
        self.assertEqual([(g["method"], g["pass"]) for g in told], [("finetune", True), ("joint", True)])
        self.assertEqual(told[0]["source"], "what forgetting leaves of two tasks")
        self.assertEqual(told[0]["ours"]["n"], 2)
        self.assertEqual(json.loads(self.run_program("run", "clouds.yaml", "--json").stdout)["gates"], told)

    def test_either_side_fails_and_nothing_is_trained_again(self):
        self.run_program("run", "clouds.yaml")
        for value, words in ((0.135, "too high by 0.35"), (0.865, "too low by 0.35")):
            done = self.run_program("run", "clouds.yaml", "--set", f"evaluation.expect[0].is={value}", code=1)
            self.assertIn("4 of 4 cells are finished already", done.stderr)
            self.assertIn("perdure: of 2 gates 1 failed, 0 could not be decided\n", done.stderr)
            self.assertIn(f"\nfinetune acc.macro: fail: {words}", done.stdout)
            self.assertIn("; source: what forgetting leaves of two tasks\n", done.stdout)
            self.assertEqual([g["pass"] for g in self.gates()], [False, True])
        for span in ("[0.2, 0.3]", "[-1, 0.9499]"):  # too good is as wrong as too bad
            self.run_program("run", "clouds.yaml", "--set", f"evaluation.expect[1].between={span}", code=1)
        self.run_program("run", "clouds.yaml", "--set", "evaluation.expect=[]")
        self.assertEqual(self.gates(), [])
        self.run_program("run", "clouds.yaml")

    def test_one_seed(self):
        done = self.run_program("run", "clouds.yaml", "--set", "seeds=[0]")
        self.assertRegex(done.stdout, r"(?m)^finetune acc\.macro .* 0\.\d{4} \(1\) ")
        self.assertIn("one seed", self.gates()[0]["why"])

    def test_a_failed_cell_leaves_its_gate_open(self):
        os.makedirs(self.path("runs/clouds/cells/finetune/seed-1/matrix.csv"))
        self.write("runs/clouds/plan.json", "{}")
        done = self.run_program("run", "clouds.yaml", code=1)
        self.assertIn("1 of 4 cells failed", done.stderr)
        self.assertIn("perdure: of 2 gates 0 failed, 1 could not be decided\n", done.stderr)
        self.assertIn("finetune acc.macro: not decided: 1 of 2 seeds missing; source: ", done.stdout)
        self.assertEqual([g["pass"] for g in self.gates()], [None, True])
        os.rmdir(self.path("runs/clouds/cells/finetune/seed-1/matrix.csv"))
        self.run_program("run", "clouds.yaml")

    def test_check_shows_what_is_expected(self):
        words = self.run_program("check", "clouds.yaml").stdout
        self.assertIn("expected\n"
                      "  finetune: acc.macro is 0.5, within 0.015 or 2.5 SEM (published: 0.001); what forgetting leaves of two tasks\n"
                      "  joint: acc.macro between 0.95 and 1; clouds that lie apart\n", words)
        plan = json.loads(self.run_program("check", "clouds.yaml", "--json").stdout)["plan"]
        self.assertEqual(plan["expect"][1], {"method": "joint", "metric": "acc.macro", "between": [0.95, 1.0],
                                             "source": "clouds that lie apart"})

    def test_report_prints_what_the_run_printed(self):
        done = self.run_program("run", "clouds.yaml")
        self.assertEqual(self.run_program("report", "runs/clouds").stdout, done.stdout)
        self.assertEqual(json.loads(self.run_program("report", "runs/clouds", "--json").stdout),
                         self.read_json("runs/clouds/summary.json"))
        with open(self.path("runs/clouds/results.csv"), encoding="utf-8") as f:
            self.assertEqual(self.run_program("report", "runs/clouds", "--csv").stdout, f.read())
        markdown = self.run_program("report", "--markdown", "runs/clouds").stdout
        self.assertIn("| method | metric | published | ours | n | band | result | why | source |\n", markdown)
        rows = [line for line in markdown.splitlines() if line.startswith("|")]
        self.assertEqual(len(rows), 4 + 4)
        self.assertRegex(rows[-1], r"^\| joint \| acc\.macro \| 0\.9500\.\.1\.0000 \| .* \| 2 \| .* \| pass \| band: between \| clouds that lie apart \|$")
        self.assertTrue(re.match(r"\| method \| acc\.macro \|", markdown))

    def test_what_report_refuses(self):
        self.assertEqual(self.run_program("report", "runs", code=66).stderr,
                         "perdure: error: runs: found no summary.json in it; expected the folder of a run\n"
                         "hint: it is written when the cells have run; perdure run goes on with a run that was stopped\n")
        os.makedirs(self.path("runs"))
        hint = "hint: perdure run writes it anew; finished cells are not run again\n"
        for words, told in (('{"schema": "perdure.bench/1"}', "runs/summary.json: found schema perdure.bench/1; expected perdure.summary/1"),
                            ("[]", "runs/summary.json: found schema nothing; expected perdure.summary/1")):
            self.write("runs/summary.json", words)
            self.assertEqual(self.run_program("report", "runs", code=65).stderr, f"perdure: error: {told}\n{hint}")
        self.write("runs/summary.json", '{"schema": ')
        self.assertRegex(self.run_program("report", "runs", code=65).stderr,
                         r"^perdure: error: runs/summary\.json:1:\d+: found damaged JSON \(.*\); expected a summary\n" + hint + "$")
        self.assertEqual(self.run_program("report", "runs", "--csv", "--json", code=64).stderr,
                         "perdure: error: report: found --csv and --json; expected one of them\n")


if __name__ == "__main__":
    unittest.main()
