#!/usr/bin/env python3
"""examples/wandb-import against a module `wandb` of this test's own, which writes down how it was called: what is checked is what
the script asks of W&B, and not W&B. It calls init, log, summary and finish, as they have been since 0.10."""
import json
import os
import subprocess
import sys
import unittest

from program import SOURCE, Case

SCRIPT = os.path.join(SOURCE, "examples", "wandb-import", "import.py")
STUB = """\
import json, os
class Run:
    def __init__(self, given):
        self.summary, self.calls = {}, [["init", given]]
    def log(self, values, step):
        self.calls.append(["log", step, values])
    def finish(self):
        with open(os.environ["SEEN"], "a") as f:
            f.write(json.dumps(self.calls + [["summary", self.summary]]) + "\\n")
def init(**given):
    return Run(given)
"""


class Wandb(Case):
    def send(self, *arguments, stub=True, code=0):
        if stub:
            os.makedirs(self.path("stub"), exist_ok=True)
            self.write("stub/wandb.py", STUB)
        here = {**self.environment(SEEN=self.path("seen")), "PYTHONPATH": self.path("stub") if stub else ""}
        done = subprocess.run([sys.executable, "-B", "-S" if not stub else "-B", SCRIPT, *arguments], env=here,
                              cwd=self.folder.name, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def seen(self):
        with open(self.path("seen"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def test_every_point_of_every_cell_in_the_order_of_steps(self):
        self.run_program("run", "clouds.yaml")
        done = self.send("runs/clouds", "--project", "mine")
        self.assertIn("joint/seed-1: sent, finished\n", done.stdout)
        cells = self.seen()
        self.assertEqual([c[0][1]["name"] for c in cells],
                         ["finetune/seed-0", "finetune/seed-1", "joint/seed-0", "joint/seed-1"])
        self.assertEqual(len({c[0][1]["id"] for c in cells}), 4)
        first = cells[0][0][1]
        self.assertEqual((first["project"], first["group"], first["resume"]), ("mine", "finetune", "allow"))
        self.assertEqual((first["config"]["seed"], first["config"]["optimizer"]["lr"]), (0, 0.1))
        steps = [call[1] for call in cells[0] if call[0] == "log"]
        self.assertEqual(steps, sorted(set(steps)))
        sent = {(call[1], name): value for call in cells[0] if call[0] == "log" for name, value in call[2].items()}
        with open(self.path("runs/clouds/cells/finetune/seed-0/log.jsonl"), encoding="utf-8") as f:
            points = [json.loads(line) for line in f]
        self.assertGreater(len(points), 10)
        for point in points:
            self.assertEqual(sent[point["step"], point["name"]], point["value"])
        result = self.read_json("runs/clouds/cells/finetune/seed-0/result.json")
        self.assertEqual(cells[0][-1][1]["acc.macro"], result["metrics"]["acc.macro"])

    def test_one_method_and_a_line_that_is_not_whole_yet(self):
        self.run_program("run", "clouds.yaml", "--set", "seeds=[0]")
        os.unlink(self.path("runs/clouds/cells/joint/seed-0/result.json"))
        with open(self.path("runs/clouds/cells/joint/seed-0/log.jsonl"), "a", encoding="utf-8") as f:
            f.write('{"name": "loss", "task": 1, "step": 99999, "value": null, "not_finite": "nan"}\n{"name": "lo')
        done = self.send("runs/clouds", "--only", "joint")
        self.assertEqual(done.stdout, "joint/seed-0: sent, as far as it is\n")
        calls = self.seen()[0]
        self.assertEqual(calls[-2][1], 99999)
        self.assertNotEqual(calls[-2][2]["loss"], calls[-2][2]["loss"])  # NaN
        self.assertEqual(calls[-1], ["summary", {}])

    def test_what_is_no_run(self):
        self.assertIn("expected the folder of a run", self.send(".", code=66).stderr)

    def test_without_the_package(self):
        self.run_program("run", "clouds.yaml", "--set", "seeds=[0]")
        done = self.send("runs/clouds", stub=False, code=69)
        self.assertEqual(done.stderr, "import.py: error: found no Python package wandb; expected one: python3 -m pip install wandb\n")


if __name__ == "__main__":
    unittest.main()
