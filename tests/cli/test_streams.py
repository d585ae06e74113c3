"""Evaluations within tasks, blurry tasks and streams that tell of no tasks, as a user meets them."""
import json
import unittest

from program import Case

REPLAY = 'methods=[{name: replay, strategies: [{replay: {capacity: 20, online: true}}]}]'
FREE = ("--set", "stream.scenario=task-free", "--set", "training.epochs=1", "--set", REPLAY)
ANYTIME = ("--set", "evaluation.anytime.batches=7", "--set", "evaluation.metrics=[acc.macro, acc.anytime, min.delange, wc.delange]")
CELL = ("cells", "finetune", "seed-0", "result.json")


class Streams(Case):
    def test_accuracies_within_tasks_are_recorded(self):
        self.run_program("run", "clouds.yaml", "--out", "plain")
        told = json.loads(self.run_program("run", "clouds.yaml", *ANYTIME, "--out", "anytime", "--json").stdout)
        plain, measured = self.read_json("plain", *CELL), self.read_json("anytime", *CELL)
        for key in ("weights_sha256", "matrix", "steps", "warnings"):
            self.assertEqual(plain[key], measured[key], key)
        self.assertNotEqual(plain["plan_sha256"], measured["plan_sha256"])
        self.assertNotIn("anytime", plain)
        self.assertIsNone(plain["metrics"]["acc.anytime"])
        # 160 rows a task in batches of 8, twice: 40 steps each
        anytime = measured["anytime"]
        self.assertEqual(anytime["every"], 7)
        self.assertIsNone(anytime["rows"])
        self.assertEqual(anytime["counts"], measured["counts"][2])
        self.assertEqual(anytime["steps"], [7, 14, 21, 28, 35, 40, 42, 49, 56, 63, 70, 77, 80])
        self.assertEqual(anytime["tasks"], [1] * 6 + [2] * 7)
        self.assertEqual([s for s, ended in zip(anytime["steps"], anytime["ended"]) if ended], [40, 80])
        self.assertEqual(anytime["accuracy"][5], measured["matrix"][1][:1])
        self.assertEqual(anytime["accuracy"][12], measured["matrix"][2])
        means = [sum(row) / len(row) for row in anytime["accuracy"]]
        worst = min(row[0] for row in anytime["accuracy"][6:])
        self.assertAlmostEqual(measured["metrics"]["acc.anytime"], sum(means) / 13, 12)
        self.assertAlmostEqual(measured["metrics"]["min.delange"], worst, 12)
        self.assertAlmostEqual(measured["metrics"]["wc.delange"], (measured["matrix"][2][1] + worst) / 2, 12)
        rows = {row["name"]: row["metrics"] for row in told["methods"]}
        self.assertEqual(rows["finetune"]["min.delange"]["values"][0], measured["metrics"]["min.delange"])
        self.assertEqual(rows["joint"]["min.delange"]["n"], 0)  # all at once: no task was learned before another
        with open(self.path("anytime", "cells", "finetune", "seed-0", "log.jsonl"), encoding="utf-8") as log:
            points = [p for p in map(json.loads, log) if p["name"] == "accuracy/task-1"]
        self.assertEqual([p["step"] for p in points], [0] + anytime["steps"])
        self.assertEqual([p["value"] for p in points[1:]], [row[0] for row in anytime["accuracy"]])
        with open(self.path("anytime", "cells", "finetune", "seed-0", "log.jsonl"), encoding="utf-8") as log:
            last = {p["name"]: p for p in map(json.loads, log)}
        for name in ("acc.anytime", "min.delange", "wc.delange"):  # TensorBoard's HParams show them by these points
            self.assertEqual(last[f"metrics/{name}"], {"name": f"metrics/{name}", "task": 2, "step": 80, "value": measured["metrics"][name]})

    def test_metrics_say_what_they_are_of(self):
        for name, words in (("min.delange", "A[e][j]: accuracy on task j at evaluation e, every "
                                            "evaluation.anytime.batches steps and behind each task."),
                            ("acc.macro", "R[i][j]: accuracy on task j after training i tasks.")):
            self.assertIn(f"Higher is better. T tasks; {words}\n", self.run_program("describe", name).stdout)

    def test_a_stream_without_tasks_is_told_of_and_run(self):
        words = self.run_program("check", "clouds.yaml", *FREE, "--set", "stream.boundaries={blurry: {share: 0.1}}",
                                 "--set", "evaluation.anytime={batches: 5, rows: 10}").stdout
        self.assertIn("2 tasks by class, order given, task-free, boundaries: blurry, share 0.1, head: single", words)
        self.assertIn("anytime    every 5 batches, on the tasks so far, at most 10 rows of each\n", words)
        self.run_program("run", "clouds.yaml", *FREE)
        result = self.read_json("runs/clouds", "cells", "replay", "seed-0", "result.json")
        self.assertEqual(result["steps"], 40)
        self.assertFalse([row for row in result["matrix"] if None in row])
        self.assertEqual(result["tasks"], [[0, 1], [2, 3]])

    def test_parameters_that_need_boundaries_stop_their_cells(self):
        methods = 'methods=[{name: replay, strategies: [{replay: {capacity: 20}}]}]'
        said = self.run_program("run", "clouds.yaml", *FREE[:4], "--set", methods, code=1).stderr
        self.assertIn("strategy replay, hook before_task, task 1, step 0: found a stream without task boundaries; expected online: true and "
                      "fill: stream, or boundaries", said)

    def test_what_is_exchanged_is_another_plan(self):
        share = "stream.boundaries={blurry: {share: %s}}"
        self.run_program("run", "clouds.yaml", "--set", share % 0.1)
        refused = self.run_program("run", "clouds.yaml", "--set", share % 0.2, code=73)
        self.assertIn("stream.share", refused.stderr)


if __name__ == "__main__":
    unittest.main()
