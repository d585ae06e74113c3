#!/usr/bin/env python3
"""Gates from end to end: runs that hold and do not, on both sides, what is not decided."""
import json
import os
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
            self.assertIn("perdure: 1 of 2 gates does not hold\n", done.stderr)
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
        self.assertIn("perdure: 1 of 2 gates does not hold\n", done.stderr)
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


if __name__ == "__main__":
    unittest.main()
