#!/usr/bin/env python3
"""`perdure run --profile`: where the time goes, as a table, as JSON and as a trace; and that nothing else is changed by it."""
import json
import os
import re
import resource
import signal
import time
import unittest

from program import SCENARIO, Case

METHODS = SCENARIO.replace("seeds: [0, 1]", "seeds: [0]").replace("  - name: joint\n    train_on: all\n", """\
  - name: mixed
    strategies: [{ewc: {lambda: 1}}, {replay: {capacity: 40}}]
  - name: icarl
    strategies: [{icarl: {capacity: 40}}]
""")
# Of the host, in the order in which a cell comes to them.
HOST = ["start", "evaluation", "data", "forward", "loss", "backward", "penalties", "update", "log", "checkpoint", "rest"]
LONG = ["--set", "training.epochs=100", "--set", "seeds=[0]", "--set", "output.checkpoint={every: {batches: 200}, keep: 3}",
        "--only", "finetune"]


class Profile(Case):
    def setUp(self):
        super().setUp()
        self.write("methods.yaml", METHODS)

    def cell(self, method, name, seed=0, folder="runs/clouds", below="cells"):
        return os.path.join(folder, below, method, f"seed-{seed}", name)

    def profile(self, method, **where):
        told = self.read_json(self.cell(method, "profile.json", **where))
        self.assertEqual(told["schema"], "perdure.profile/1")
        self.assertEqual(told["plan_sha256"], self.read_json(self.cell(method, "result.json", **where))["plan_sha256"])
        self.assertAlmostEqual(sum(p["seconds"] for p in told["phases"]), told["seconds"], places=6)
        self.assertAlmostEqual(sum(p["share"] for p in told["phases"]), 1, places=6)
        self.assertFalse([p for p in told["phases"] if p["seconds"] < 0])
        return told, {p["name"]: p for p in told["phases"]}

    def trace(self, method, **where):
        """By the format's document: an object with "traceEvents"; "X" has ts and dur in microseconds, and bars of a thread nest."""
        trace = self.read_json(self.cell(method, "trace.json", **where))
        self.assertEqual(set(trace), {"displayTimeUnit", "otherData", "traceEvents"})
        self.assertIn(trace["displayTimeUnit"], ("ms", "ns"))
        bars, open_ends, last = [], [], 0
        for e in trace["traceEvents"]:
            self.assertTrue({"ph", "pid", "tid", "name"} <= set(e) and e["ph"] in "MX", e)
            if e["ph"] == "M":
                self.assertIn(e["name"], ("process_name", "thread_name"))
                self.assertIsInstance(e["args"]["name"], str)
                continue
            self.assertTrue(isinstance(e["cat"], str) and isinstance(e["name"], str))
            began, end = round(1000 * e["ts"]), round(1000 * e["ts"]) + round(1000 * e["dur"])
            self.assertTrue(last <= began <= end, e)
            last = began
            while open_ends and open_ends[-1] <= began:
                open_ends.pop()
            self.assertTrue(not open_ends or end <= open_ends[-1], e)
            open_ends.append(end)
            bars.append(e["name"])
        return bars

    def outcome(self, folder, method, seed=0):
        """All that a cell leaves and that does not tell times."""
        def read(name):
            with open(self.path(self.cell(method, name, seed, folder)), "rb") as f:
                return f.read()
        result = json.loads(read("result.json"))
        for key in ("seconds", "steps_per_second", "peak_memory_bytes"):
            del result[key]
        return result, read("log.jsonl"), read("matrix.csv"), read("weights.safetensors")

    def test_phases_hooks_and_the_same_bits(self):
        plain = self.run_program("run", "methods.yaml", "--out", "plain")
        done = self.run_program("run", "methods.yaml", "--profile", "--jobs", "2")
        for method in ("finetune", "mixed", "icarl"):
            self.assertEqual(self.outcome("plain", method), self.outcome("runs/clouds", method))
            self.assertFalse(os.path.exists(self.path(self.cell(method, "profile.json", folder="plain"))))
        told, phases = self.profile("finetune")
        steps = self.read_json(self.cell("finetune", "result.json"))["steps"]
        self.assertEqual([p["name"] for p in told["phases"]], HOST)
        self.assertEqual((told["steps"], told["steps_without"], told["scenario"], told["method"], told["seed"], told["device"]),
                         (steps, 0, "clouds", "finetune", 0, "cpu"))
        for name in ("forward", "loss", "backward", "penalties", "update"):
            self.assertEqual(phases[name]["calls"], steps)
        self.assertEqual(phases["evaluation"]["calls"], 3)  # untrained, and behind each task
        mixed = self.profile("mixed")[1]
        self.assertEqual({p["strategy"] for p in mixed.values() if "hook" in p}, {"ewc", "replay"})
        self.assertEqual({n for n, p in mixed.items() if "hook" in p}, {n for n in mixed if "." in n})
        self.assertTrue({"ewc.create", "ewc.after_task", "replay.create", "replay.before_batch"} <= set(mixed))
        icarl = self.profile("icarl")[1]
        self.assertTrue({"icarl.compute_loss", "icarl.predict"} <= set(icarl))
        self.assertEqual(icarl["icarl.compute_loss"]["calls"], icarl["update"]["calls"])
        self.assertTrue(done.stdout.startswith(re.split("(?m)^(?=steps/s)", plain.stdout)[0]))
        self.assertRegex(done.stdout, rf"(?m)^mixed: .* and {steps} steps a cell$")
        self.assertRegex(done.stdout, rf"(?m)^replay\.before_batch +[0-9.]+ [mu]s +[0-9.]+ % +{steps} ")
        self.assertIn("has profile.json, and trace.json for https://ui.perfetto.dev", done.stderr)
        self.run_program("verify", "runs/clouds")

    def test_the_trace(self):
        self.run_program("run", "methods.yaml", "--profile", "--only", "mixed", "--set", "training.epochs=6")
        bars = self.trace("mixed")
        told = self.read_json(self.cell("mixed", "profile.json"))
        self.assertEqual((told["trace"]["events"], told["trace"]["left_out"]), (len(bars), 0))
        self.assertEqual([b for b in bars if b.startswith("task")], ["task 1", "task 2"])
        self.assertEqual(bars.count("step"), 2 * told["trace"]["steps_shown"])
        joined = [re.fullmatch(r"steps (\d+) to (\d+)", b) for b in bars]
        joined = [(int(m[1]), int(m[2])) for m in joined if m]
        self.assertEqual(sum(last - first + 1 for first, last in joined) + bars.count("step"), told["steps"])
        self.assertEqual(bars.count("replay.before_batch"), bars.count("step"))

    def test_finished_cells_stay_and_it_is_said(self):
        self.run_program("run", "clouds.yaml", "--only", "finetune/0")
        done = self.run_program("run", "clouds.yaml", "--profile", "--only", "finetune")
        self.assertRegex(done.stdout, r"(?m)^finetune: .* steps a cell, mean of 1 of 2 seeds$")
        self.assertIn("joint: no profile, as no cell of it was trained with --profile\n", done.stdout)
        told = json.loads(self.run_program("run", "clouds.yaml", "--profile", "--json").stdout)
        self.assertEqual(told, self.read_json("runs/clouds/summary.json"))
        self.run_program("run", "clouds.yaml", "--fresh", "--only", "joint/0")  # what an earlier run has left is not this one's
        for name in ("profile.json", "trace.json"):
            self.assertFalse(os.path.exists(self.path(self.cell("joint", name))))
            self.assertTrue(os.path.exists(self.path(self.cell("joint", name, seed=1))))
        again = self.run_program("run", "clouds.yaml", "--profile")
        self.assertIn("4 of 4 cells are finished already", again.stderr)
        run = self.start("run", "clouds.yaml", "--profile", preexec_fn=lambda: os.dup2(1, 2))  # both into one file
        self.assertIn("one call with all that is in it\nperdure: profile: ", run.communicate()[0])
        self.assertRegex(again.stdout, r"(?m)^joint: .* steps a cell, mean of 1 of 2 seeds$")

    def stop(self, *more):
        run = self.start("run", "clouds.yaml", *LONG, *more)
        end = time.monotonic() + 60
        while time.monotonic() < end and run.poll() is None:
            if os.path.exists(self.path(self.cell("finetune", "checkpoints/latest"))):
                break
            time.sleep(0.002)
        run.send_signal(signal.SIGTERM)
        said = run.communicate()[1]
        self.assertEqual(run.returncode, 75, said)

    def test_over_an_interruption(self):
        self.run_program("run", "clouds.yaml", *LONG, "--out", "whole")
        self.stop("--profile")
        self.run_program("run", "clouds.yaml", *LONG, "--resume", "--profile")
        self.assertEqual(self.outcome("runs/clouds", "finetune"), self.outcome("whole", "finetune"))
        told, phases = self.profile("finetune")
        self.assertEqual((told["steps"], told["steps_without"]), (self.read_json(self.cell("finetune", "result.json"))["steps"], 0))
        self.assertEqual(phases["update"]["calls"], told["steps"])
        self.assertGreater(phases["checkpoint"]["seconds"], 0)
        self.trace("finetune")

    def test_begun_without(self):
        self.stop()
        done = self.run_program("run", "clouds.yaml", *LONG, "--resume", "--profile")
        told = self.profile("finetune")[0]
        steps = self.read_json(self.cell("finetune", "result.json"))["steps"]
        self.assertGreater(told["steps_without"], 0)
        self.assertEqual(told["steps"] + told["steps_without"], steps)
        self.assertIn(f"; {told['steps_without']} steps before were trained without --profile\n", done.stdout)

    def test_a_disk_that_does_not_take_it_costs_no_result(self):
        most = 96 << 10  # bytes of a file: enough for all but the trace
        run = self.start("run", "methods.yaml", "--profile", "--only", "mixed", "--set", "training.epochs=6",
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
        said = run.communicate()
        self.assertEqual(run.returncode, 0, said[1])
        self.assertRegex(said[1], r"mixed/seed-0: warning: \S*trace\.json: .*: this cell has no profile\n")
        self.assertIn("mixed: no profile, ", said[0])

    def test_a_search(self):
        self.write("search.yaml", SCENARIO.replace("seeds: [0, 1]", "seeds: [0]").replace("label: last", "label: last\n  validation: 0.2") +
                   "search: {kind: grid, seeds: [5], space: {optimizer.lr: [0.1, 0.01]}}\n")
        done = self.run_program("run", "search.yaml", "--profile", "--only", "finetune", code=None)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^finetune: .* steps a cell$")
        self.trace("finetune@lr=0.01", below="trials", seed=5)


if __name__ == "__main__":
    unittest.main()
