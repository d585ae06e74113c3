#!/usr/bin/env python3
"""`perdure bench`: that its figures are what they are called. Says nothing about how fast anything is."""
import json
import os
import signal
import statistics
import subprocess
import time
import unittest

from program import BUILD, PROGRAM, Case

TINY = os.path.join(BUILD, "tests", "plugins")


class Bench(Case):
    def figures(self, *arguments, code=0, **environment):
        done = self.run_program("bench", *arguments, "--json", code=code, **environment)
        told = json.loads(done.stdout)  # and nothing but it
        self.assertEqual(told["schema"], "perdure.bench/1")
        return told, done

    def check_method(self, method, pairs, steps):
        self.assertIsNone(method["error"])
        self.assertEqual((method["n"], len(method["pairs"])), (pairs, pairs))
        for pair in method["pairs"]:
            rates = [pair[side]["steps_per_second"] for side in ("perdure", "bare")]
            self.assertAlmostEqual(pair["ratio"], rates[0] / rates[1])
            for side in ("perdure", "bare"):
                self.assertEqual(pair[side]["steps"], steps)
                self.assertGreater(pair[side]["peak_memory_bytes"], 1 << 20)
            self.assertEqual((pair["bare"]["seconds"]["evaluate"], pair["bare"]["seconds"]["between_tasks"]), (0, 0))
        ratios = [pair["ratio"] for pair in method["pairs"]]
        self.assertEqual(method["ratio"], {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)})
        for side in ("perdure", "bare"):
            rates = [pair[side]["steps_per_second"] for pair in method["pairs"]]
            self.assertEqual(method[side]["steps_per_second"],
                             {"median": statistics.median(rates), "min": min(rates), "max": max(rates)})

    def test_its_own_scenario(self):
        told, done = self.figures("--pairs", "1", "--steps", "20", TMPDIR=self.folder.name)
        names = [method["name"] for method in told["methods"]]
        self.assertEqual(names[0], "finetune")
        self.assertIn("replay", names)
        for method in told["methods"]:
            self.check_method(method, 1, 20)
        self.assertTrue(told["methods"][0]["pairs"][0]["same_weights"])
        self.assertEqual(told["methods"][1]["strategies"], ["replay"])
        self.assertEqual((told["device"], told["threads"], told["scenario"], told["seed"]), ("cpu", 1, "bench", 0))
        self.assertGreaterEqual(told["machine"]["cores"], 1)
        self.assertIn("load_average", told["machine"])
        self.assertRegex(told["engine"]["torch"], r"^\d+\.\d+")
        self.assertIn("finetune, pair 1, bare: ", done.stderr)
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["clouds.csv", "clouds.yaml"])  # nothing is left

    def test_a_scenario_and_what_is_asked_of_it(self):
        told, _ = self.figures("clouds.yaml", "--pairs=2", "--steps=31", "--only", "joint", "--set", "name=other")
        self.assertEqual([method["name"] for method in told["methods"]], ["joint"])
        self.check_method(told["methods"][0], 2, 32)  # two tasks of 16
        self.assertEqual((told["scenario"], told["data"]), ("other", "csv"))
        told, _ = self.figures("clouds.yaml", "--pairs=1", "--steps=31", "--only", "joint", "--only", "finetune")
        self.assertEqual([method["name"] for method in told["methods"]], ["finetune", "joint"])
        self.check_method(told["methods"][0], 1, 32)  # two tasks of 16

    def test_the_table(self):
        done = self.run_program("bench", "clouds.yaml", "--pairs", "1", "--steps", "20", COLUMNS="200")
        self.assertRegex(done.stdout, r"(?m)^method +bare steps/s +perdure steps/s +ratio: median \(min\.\.max\) +n ")
        self.assertRegex(done.stdout, r"(?m)^finetune +[\d.]+ +[\d.]+ +\d+\.\d{3} \(\d+\.\d{3}\.\.\d+\.\d{3}\) +1 ")
        self.assertRegex(done.stdout, r"(?m)^LibTorch \d+\.\d+.*, 1 thread, cpu; clouds, csv, seed 0$")

    def test_a_strategy_that_fails(self):
        with open(self.path("clouds.yaml"), encoding="utf-8") as f:
            words = f.read()
        bad = f"  - name: bad\n    strategies: [{{plugin: {TINY}/fail_hook.so}}]\n"
        self.write("bad.yaml", words.replace("methods:\n", "methods:\n" + bad))
        told, done = self.figures("bad.yaml", "--pairs", "2", "--steps", "20", code=1)
        self.assertEqual([method["name"] for method in told["methods"]], ["bad", "finetune", "joint"])
        self.assertIn("fail_hook", told["methods"][0]["error"])
        self.assertEqual([told["methods"][0][key] for key in ("ratio", "bare", "perdure")], [None] * 3)
        self.check_method(told["methods"][1], 2, 20)
        self.assertEqual(done.stderr.count("perdure: error: bad, pair 1, perdure: "), 1, done.stderr)
        table = self.run_program("bench", "bad.yaml", "--pairs", "1", "--steps", "20", "--only", "bad", code=1).stdout
        self.assertRegex(table, r"(?m)^bad +- +- +failed +0 ")

    def test_stopped_it_leaves_nothing(self):
        os.mkdir(self.path("t"))
        with subprocess.Popen([PROGRAM, "bench", "clouds.yaml", "--steps", "100000000"], cwd=self.folder.name,
                              env=self.environment(TMPDIR=self.path("t")), text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as run:
            while not os.listdir(self.path("t")) and run.poll() is None:
                time.sleep(0.01)
            time.sleep(0.5)
            run.send_signal(signal.SIGINT)
            out, said = run.communicate(timeout=60)
        self.assertEqual((run.returncode, out), (75, ""), said)
        self.assertIn("stopped by Ctrl-C", said)
        self.assertIn("the same command starts over", said)
        self.assertEqual(os.listdir(self.path("t")), [])

    def test_wrong_use(self):
        for arguments, words in ((["--pairs", "0"], "bench: --pairs: found 0; expected a whole number from 1 to 1000"),
                                 (["--pairs", "many"], "bench: --pairs: found many; expected"),
                                 (["--steps", "1"], "bench: --steps: found 1; expected a whole number from 2 to"),
                                 (["--steps", "-5"], "bench: --steps: found -5; expected"),
                                 (["clouds.yaml", "--only", "finetun"], "did you mean finetune?"),
                                 (["clouds.yaml", "clouds.yaml"], "expected no more than [SCENARIO]")):
            done = self.run_program("bench", *arguments, code=64)
            self.assertEqual(done.stdout, "")
            self.assertIn(words, done.stderr)
        self.run_program("bench", "nowhere.yaml", code=66)
        self.run_program("bench", "clouds.yaml", "--set", "data.train=none.csv", code=66)
        self.run_program("bench", "clouds.yaml", "--set", "optimizer.lr=x", code=78)
        self.run_program("bench", "--set", "stream.split.tasks=3", code=78)
        self.run_program("bench", "clouds.yaml", code=69, TORCH_ROOT="/nowhere")
        self.run_program("bench", "clouds.yaml", code=73, TMPDIR="/nowhere")


if __name__ == "__main__":
    unittest.main()
