#!/usr/bin/env python3
"""Cells that die, hang or misbehave in every way cost themselves alone: the others of the run end with the same bits as
without them, and the run says who it was. Then what signals do to a run, at any time."""
import json
import os
import re
import resource
import signal
import subprocess
import time
import unittest

from program import BUILD, PROGRAM, Case
from test_run import LONG, children_of, wait_until

DEADLY = os.path.join(BUILD, "tests", "plugins", "deadly.so")
PLACE = "strategy deadly, hook after_batch, task 2, step 44: "
SIGNALLED = {"segv": "SIGSEGV (Segmentation fault)", "bus": "SIGBUS (Bus error)",
             "fpe": "SIGFPE (Floating point exception)", "abort": "SIGABRT (Aborted)", "stack": "SIGSEGV (Segmentation fault)",
             "double-free": "SIGABRT (Aborted)", "throw": "SIGABRT (Aborted)", "memory": "SIGSEGV (Segmentation fault)",
             "group": "SIGKILL (Killed)", "kill": "SIGKILL (Killed)"}
SAID = {how: PLACE + "was killed by " + name for how, name in SIGNALLED.items()}
SAID.update({how: PLACE + "ended with exit code 0 and left no result" for how in ("exit", "_exit", "exec")})
SAID["thread"] = PLACE + "ended its main thread (pthread_exit) and left no result"
SAID["loop"] = PLACE + "did not return within 2 s (training.hook_limit)"


def state_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return ""


class Faults(Case):
    def methods(self, *ways):
        rows = ["  - {name: good, strategies: [replay: {capacity: 20}]}"]
        rows += [f"  - {{name: {how.strip('_') + 'X' * how.count('_')}, strategies: [{{plugin: {DEADLY}, with: {{how: {how}}}}}]}}"
                 for how in ways]
        with open(self.path("clouds.yaml"), encoding="utf-8") as f:
            head = f.read().split("methods:")[0]
        self.write("faults.yaml", head + "methods:\n" + "\n".join(rows) + '\noutput: {folder: "runs/{name}"}\n')

    def good(self, out):
        cells = []
        for seed in (0, 1):
            result = self.read_json(out, "cells", "good", f"seed-{seed}", "result.json")
            cells.append((result["weights_sha256"], result["matrix"], result["steps"]))
            with open(self.path(out, "cells", "good", f"seed-{seed}", "log.jsonl"), encoding="utf-8") as f:
                cells.append(f.read())
        return cells

    def run_limited(self, *arguments):
        """Memory runs out at 16 GiB of addresses, which LibTorch does not need by far."""
        limit = 16 << 30
        return subprocess.run([PROGRAM, *arguments], cwd=self.folder.name, env=self.environment(), capture_output=True, text=True,
                              errors="replace", timeout=250, check=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))

    def test_each_costs_its_own_cells_alone(self):
        self.methods()
        self.run_program("run", "faults.yaml", "--out", "alone")
        self.methods(*SAID)
        done = self.run_limited("run", "faults.yaml", "--out", "both", "--jobs", "2", "--set", "training.hook_limit=2")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.good("both"), self.good("alone"))
        failed = {(row["method"], row["seed"]): row["reason"] for row in self.read_json("both/summary.json")["failed"]}
        self.assertEqual(len(failed), 2 * len(SAID))
        for how, words in SAID.items():
            for seed in (0, 1):
                with self.subTest(how, seed=seed):
                    name = how.strip("_") + "X" * how.count("_")
                    self.assertEqual(failed[name, seed], words)
                    self.assertIn(f"perdure: error: {name}/seed-{seed}: {words}\n", done.stderr)
                    self.assertFalse(os.path.exists(self.path("both/cells", name, f"seed-{seed}", "result.json")))
        self.assertIn(f"{2 * len(SAID)} of {2 * len(SAID) + 2} cells failed", done.stderr)
        self.assertRegex(done.stderr, r"(?m)^hint: the kernel kills a process when memory runs out \(this one had \d+ MiB\): see dmesg$")

    def test_closed_streams_are_found(self):
        self.methods("close")
        done = self.run_program("run", "faults.yaml", code=1)
        self.assertRegex(done.stderr, r"perdure: error: close/seed-0: (found standard input, output or error closed|\S+log\.jsonl: )")
        self.assertEqual(len(self.good("runs/clouds")), 4)

    def test_a_flood_of_words_is_cut(self):
        self.methods("print")
        done = self.run_program("run", "faults.yaml", "--set", "seeds=[0]")
        self.assertIn("print/seed-0: found more than 64 KiB on standard output and error; the rest is not shown\n", done.stderr)
        self.assertLess(len(done.stderr), 400_000)
        self.assertTrue(all(c.isprintable() or c == "\n" for c in done.stderr))

    def test_a_hook_over_its_limit_is_ended_in_time(self):
        self.methods("loop")
        run = self.start("run", "faults.yaml", "--set", "training.hook_limit=1", "--set", "seeds=[0]")
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.stderr.close)
        cells = set()
        while run.poll() is None:
            cells.update(children_of(run.pid))
            time.sleep(0.01)
        said = run.stderr.read()
        self.assertEqual(run.returncode, 1, said)
        took = re.search(r"\[2/2\] loop/seed-0: failed", said)
        self.assertTrue(took, said)
        self.assertIn("did not return within 1 s (training.hook_limit)", said)
        self.assertFalse([pid for pid in cells if state_of(pid)])  # no orphan

    def test_the_limit_is_no_part_of_the_plan(self):
        self.run_program("run", "clouds.yaml", "--set", "training.hook_limit=5")
        self.assertIn("4 of 4 cells are finished already",
                      self.run_program("run", "clouds.yaml", "--set", "training.hook_limit=none").stderr)


class Jobs(Case):
    def results(self, out):
        found = {}
        for root, _, names in os.walk(self.path(out, "cells")):
            for name in names:
                if name == "manifest.json" or name.startswith("events.out.tfevents."):  # they tell the time
                    continue
                with open(os.path.join(root, name), "rb") as f:
                    words = f.read()
                if name == "result.json":
                    result = json.loads(words)
                    for key in ("seconds", "steps_per_second", "peak_memory_bytes"):
                        del result[key]
                    words = json.dumps(result)
                found[os.path.relpath(os.path.join(root, name), self.path(out))] = words
        return found

    def test_as_many_at_a_time_as_are_asked_for_and_the_same_results(self):
        one = self.run_program("run", "clouds.yaml", "--out", "one")
        run = self.start("run", "clouds.yaml", "--out", "three", "--jobs=3", "--set", "training.epochs=2")
        most = 0
        while run.poll() is None:
            most = max(most, len(children_of(run.pid)))
            time.sleep(0.005)
        told, said = run.communicate()
        self.assertEqual(run.returncode, 0, said)
        self.assertEqual(most, 3)
        self.assertEqual(len(re.findall(r"(?m)^\[\d/4\] \S+/seed-\d: done in ", said)), 4)
        self.assertEqual(*(re.sub(r"(?m)^(steps/s|time|memory) .*$", "", table) for table in (told, one.stdout)))
        found = self.results("three")
        self.assertEqual(found, self.results("one"))
        self.assertEqual(len(found), 4 * 4 + 2 * (2 + 1) * 2)  # and two arrays for each checkpoint that is kept

    def test_bad_numbers(self):
        for value in ("0", "-1", "two", "1025", "1.5", ""):
            done = self.run_program("run", "clouds.yaml", "--jobs", value, code=64)
            self.assertIn("run: --jobs: found ", done.stderr)
            self.assertIn("; expected a whole number from 1 to 1024", done.stderr)
        self.assertIn("found --fresh and --resume; expected one of them",
                      self.run_program("run", "clouds.yaml", "--fresh", "--resume", code=64).stderr)

    def test_more_threads_than_cores_are_warned_of_once(self):
        wide = ("run", "clouds.yaml", "--set", f"device.threads={os.cpu_count()}", "--fresh")
        done = self.run_program(*wide, "--jobs", "2")
        self.assertEqual(done.stderr.count("they slow each other down"), 1, done.stderr)
        self.assertNotIn("they slow each other down", self.run_program(*wide).stderr)


class Signals(Case):
    def start_long(self, *more, cells=1):
        run = self.start("run", "clouds.yaml", *LONG, *more)
        for end in (run.stdout.close, run.stderr.close, run.wait, run.kill):
            self.addCleanup(end)
        return run, wait_until(lambda: len(children_of(run.pid)) == cells and children_of(run.pid), run=run)

    def ended(self, run, code):
        said = run.stderr.read()
        self.assertEqual(run.wait(timeout=60), code, said)
        return said

    def test_cells_are_told_to_stop_and_waited_for(self):
        for number, name in ((signal.SIGINT, r"Ctrl-C \(SIGINT\)"), (signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP"),
                             (signal.SIGUSR1, "SIGUSR1")):
            with self.subTest(number):
                run, cells = self.start_long("--jobs", "2", "--out", f"o{int(number)}", cells=2)
                time.sleep(1)
                run.send_signal(number)
                said = self.ended(run, 75)
                self.assertRegex(said, f"perdure: {name}: waits for 2 running cells to stop; Ctrl-C again gives up at once")
                self.assertRegex(said, r"\[1/4\] finetune/seed-0: stopped in task \d, behind step \d+; its checkpoint is written\n")
                self.assertRegex(said, r"\[2/4\] finetune/seed-1: stopped in task \d, behind step \d+; its checkpoint is written\n")
                self.assertRegex(said, f"perdure: error: stopped by {name}\nhint: finished cells are kept; the same command goes on")
                self.assertNotIn("[3/4]", said)
                self.assertFalse([pid for pid in cells if state_of(pid)])

    def test_the_whole_group_may_get_it(self):
        run, _ = self.start_long(cells=1)
        time.sleep(1)
        for pid in [*children_of(run.pid), run.pid]:
            os.kill(pid, signal.SIGTERM)
        self.assertIn("finetune/seed-0: stopped", self.ended(run, 75))

    def lingering(self, *more):
        rows = f"methods:\n  - {{name: lingers, strategies: [{{plugin: {DEADLY}, with: {{how: linger}}}}]}}\n"
        with open(self.path("clouds.yaml"), encoding="utf-8") as f:
            self.write("lingers.yaml", f.read().split("methods:")[0] + rows + 'output: {folder: "runs/{name}"}\n')
        run = self.start("run", "lingers.yaml", "--set", "seeds=[0]", "--set", "training.epochs=200", *more)
        for end in (run.stdout.close, run.stderr.close, run.wait, run.kill):
            self.addCleanup(end)
        wait_until(lambda: run.stderr.readline() == "lingers/seed-0: lingers\n", run=run)
        return run, children_of(run.pid)[0]

    def test_a_cell_in_a_long_hook_is_waited_for(self):
        run, _ = self.lingering()
        run.send_signal(signal.SIGTERM)
        self.assertIn("lingers/seed-0: stopped", self.ended(run, 75))

    def test_a_second_one_gives_up(self):
        run, cell = self.lingering()
        begun = time.monotonic()
        run.send_signal(signal.SIGINT)
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        said = self.ended(run, 130)
        self.assertLess(time.monotonic() - begun, 2)
        self.assertIn("perdure: error: stopped by Ctrl-C (SIGINT), and asked again: running cells were killed", said)
        self.assertEqual(state_of(cell), "")

    def reading(self):
        """A run that is amid its data, for half a second."""
        data = "data={set: synthetic, train_rows: 200000, test_rows: 1000, shape: [1, 28, 28]}"
        run = self.start("run", "clouds.yaml", "--set", data)
        for end in (run.stdout.close, run.stderr.close, run.wait, run.kill):
            self.addCleanup(end)

        def resident():
            with open(f"/proc/{run.pid}/statm", encoding="ascii") as f:
                return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        wait_until(lambda: resident() > 30 << 20, run=run)
        return run

    def test_while_data_are_read(self):
        run = self.reading()
        run.send_signal(signal.SIGTERM)
        said = self.ended(run, 75)
        self.assertEqual(said, "perdure: stops; Ctrl-C again gives up at once\nperdure: error: stopped by SIGTERM\n"
                         "hint: finished cells are kept; the same command goes on\n")
        self.assertFalse(os.path.exists(self.path("runs")))
        run = self.reading()
        run.send_signal(signal.SIGHUP)
        wait_until(lambda: run.stderr.readline(), run=run)
        run.send_signal(signal.SIGINT)
        self.ended(run, 130)

    def test_at_any_moment(self):
        """Before the first cell, between two, in each of them and behind the last one."""
        codes = set()
        for i in range(24):
            run = self.start("run", "clouds.yaml")
            time.sleep(0.03 * i)
            run.send_signal(signal.SIGTERM)
            _, said = run.communicate(timeout=60)
            codes.add(run.returncode)
            self.assertIn(run.returncode, (0, 75) if "perdure" in said else (0, 75, -signal.SIGTERM), said)  # else not begun
        self.assertIn(75, codes)
        self.run_program("run", "clouds.yaml")
        self.run_program("run", "clouds.yaml", "--out", "other")
        for method in ("finetune", "joint"):
            for seed in (0, 1):
                results = [self.read_json(out, "cells", method, f"seed-{seed}", "result.json")["weights_sha256"]
                           for out in ("runs/clouds", "other")]
                self.assertEqual(*results)

    def test_a_pause_holds_the_cells_too(self):
        run, cells = self.start_long()
        run.send_signal(signal.SIGTSTP)
        wait_until(lambda: state_of(run.pid) == "T" and state_of(cells[0]) == "T", run=run)
        run.send_signal(signal.SIGCONT)
        wait_until(lambda: state_of(run.pid) in "SR" and state_of(cells[0]) in "SR", run=run)
        run.send_signal(signal.SIGTERM)
        self.ended(run, 75)

    def test_a_pause_is_no_part_of_a_hooks_time(self):
        """The hook takes three seconds, and three more in which it is held."""
        run, _ = self.lingering("--set", "training.hook_limit=4", "--set", "training.epochs=2")
        time.sleep(1)  # until the hook was seen at work
        run.send_signal(signal.SIGTSTP)
        time.sleep(3)
        run.send_signal(signal.SIGCONT)
        self.assertIn("lingers/seed-0: done in", self.ended(run, 0))

    def test_a_run_that_nobody_reads_goes_on(self):
        run = self.start("run", "clouds.yaml")
        run.stderr.close()
        run.stdout.close()
        self.assertEqual(run.wait(timeout=60), 74)  # the table could not be shown; all that is kept is there
        self.assertEqual(len(self.read_json("runs/clouds/summary.json")["methods"]), 2)


class Resume(Case):
    def test_only_where_something_is(self):
        nothing = "found nothing to go on with; expected a finished cell or a checkpoint"
        done = self.run_program("run", "clouds.yaml", "--resume", code=66)
        self.assertIn(f"perdure: error: runs/clouds: {nothing}\nhint: without --resume", done.stderr)
        self.assertFalse(os.path.exists(self.path("runs")))
        os.makedirs(self.path("runs/clouds/cells/finetune/seed-0"))
        self.assertIn(nothing, self.run_program("run", "clouds.yaml", "--resume", code=66).stderr)
        self.run_program("run", "clouds.yaml", "--set", "seeds=[0]")
        self.assertIn("2 of 4 cells are finished already", self.run_program("run", "clouds.yaml", "--resume").stderr)
        self.assertIn("4 of 4 cells are finished already", self.run_program("run", "clouds.yaml", "--resume").stderr)


class Lock(Case):
    def test_holds_while_its_holder_is_stopped_and_ends_with_it(self):
        run = self.start("run", "clouds.yaml", *LONG)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.stderr.close)
        self.addCleanup(run.kill)
        cells = wait_until(lambda: children_of(run.pid), run=run)
        run.send_signal(signal.SIGSTOP)
        wait_until(lambda: state_of(run.pid) == "T")
        self.assertIn(f"is in use by process {run.pid} on ", self.run_program("run", "clouds.yaml", code=73).stderr)
        run.kill()
        run.wait()
        wait_until(lambda: not [pid for pid in cells if state_of(pid)])
        self.assertIn("done in", self.run_program("run", "clouds.yaml").stderr)


if __name__ == "__main__":
    unittest.main()
