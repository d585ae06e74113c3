#!/usr/bin/env python3
"""Kinds of bad plugin, each with its message: what cannot be loaded is refused before anything runs, what misbehaves while it
runs costs its own cell, which is named, and nothing takes the program down: a good method beside them ends as if alone.
(The whole catalogue of refusals is tests/messages/plugin; every way to die, tests/cli/test_faults.py.)"""
import glob
import json
import os
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.environ["PERDURE_BUILD_DIR"]
PROGRAM = os.path.join(BUILD, "bin", "perdure")
PLUGINS = os.path.join(BUILD, "tests", "plugins")
HEAD = """\
perdure: 1
name: bad
data: {set: csv, train: train.csv, test_every: 3, label: last, normalize: none}
stream: {split: {by: class, tasks: 2}, scenario: class-il}
network: {type: mlp, hidden: [5]}
optimizer: {type: sgd, lr: 0.1}
training: {batch: 6, epochs: 2, hook_limit: 5}
device: {type: cpu, threads: 1}
output: {checkpoint: {every: {batches: 2}}}
methods:
"""

# Refused with exit 69: object (of shape.so a copy under that name), and words behind its path.
REFUSED = {
    "no entry point": ("no_entry", "found no function perdure_plugin; expected a strategy built from <perdure/plugin.h>"),
    "a variable as entry point": ("entry_data", "found perdure_plugin as data; expected a function, as <perdure/plugin.h> declares it"),
    "a symbol that nobody has": ("undefined", "found undefined symbol: perdure_test_nobody_has_this; expected a shared object that "
                                              "loads"),
    "another major": ("wrong_major", "found plugin ABI 2.0; expected 1.0 or an older 1.x"),
    "a newer minor": ("newer_minor", "found plugin ABI 1.999; expected 1.0 or an older 1.x"),
    "a descriptor that is too short": ("short_struct", "found descriptor.struct_size 72; expected a multiple of 8 from 104 to 4096 (set "
                                                       "it to sizeof)"),
    "no name": ("null_name", "found name NULL; expected 1 to 64 letters, digits, '.', '_' or '-'"),
    "a key twice": ("duplicate_key", "plugin duplicate_key: parameter \"rows\": found a key that row 0 (\"rows\") has too; expected every "
                                     "key once"),
    "a default outside of its range": ("bad_default", "plugin bad_default: parameter \"rows\": its default: found 99; expected a whole "
                                                      "number from 1 to 10"),
    "no hook": ("hooks_none", "shape: found no hook; expected at least one"),
    "save() without load()": ("save_alone", "shape: found save() and no load(); expected both: no run could go on with what is saved"),
    "a crash while it is loaded": ("load_segv", "killed by SIGSEGV while it was loaded; expected a shared object that loads (the file may "
                                                "be damaged)"),
    "an exit while it is loaded": ("load_exit_0", "ended the process (exit 0) while it was loaded; expected a shared object that loads"),
    "a C++ exception while it is loaded": ("throws", "killed by SIGABRT while it was loaded; expected a shared object that loads (the file "
                                                     "may be damaged)"),
    "a crash in perdure_plugin()": ("entry_segv", "killed by SIGSEGV in perdure_plugin(); expected a function that returns the descriptor "
                                                  "and does nothing else"),
    "a descriptor that is nowhere": ("entry_garbage", "killed by SIGSEGV while its descriptor was read; expected one whose pointers are "
                                                      "NULL or valid"),
}
DEADLY = "strategy deadly, hook after_batch, task 2, step 8: "
# Fails its cell: object, parameters, and words behind "METHOD/seed-0: ".
FAILING = {
    "create() that fails": ("fail_create", "{}", "strategy fail_create, hook create: fail_create was asked to fail, 1 of 1"),
    "a hook that fails": ("fail_hook", "{}", "strategy fail_hook, hook after_batch, task 1, step 4: fail_hook fails at index 3, "
                          "as it was made to"),
    "an error that nobody looked at": ("forget_check", "{}", "strategy forget_check, hook before_task, task 1, step 0: slice: "
                                                           "elements 2 to 11 of a dimension of 4"),
    "a loss that is no number": ("nan_loss", "{}", "task 1, step 1: found a loss of nan; expected a finite one (from strategy "
                                                 "nan_loss, hook compute_loss)"),
    "wrong use of a host function": ("exercise_rest", "{capacity: 20, policy: fifo, misuse: late-rehearse}", "strategy exercise_rest, hook "
                                     "after_loss, task 1, step 1: rehearse: may be called in before_batch only"),
    "a C++ exception out of a hook": ("deadly", "{how: throw}", DEADLY + "was killed by SIGABRT (Aborted)"),
    "memory freed twice": ("deadly", "{how: double-free}", DEADLY + "was killed by SIGABRT (Aborted)"),
    "an endless recursion": ("deadly", "{how: stack}", DEADLY + "was killed by SIGSEGV (Segmentation fault)"),
    "an exit in the middle": ("deadly", "{how: exit}", DEADLY + "ended with exit code 0 and left no result"),
    "a hook that never returns": ("deadly", "{how: loop}", DEADLY + "did not return within 5 s "
                                                           "(training.hook_limit)"),
}
HOOKS = ("before_run before_task before_epoch before_batch before_forward after_forward before_loss compute_loss after_loss "
         "after_backward before_update after_update after_batch after_epoch after_task before_eval predict after_eval after_run save "
         "load").split()


class Bad(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="perdure-bad-")
        self.addCleanup(self.folder.cleanup)
        with open(self.path("train.csv"), "w", encoding="utf-8") as f:
            f.writelines(f"{0.25 * c:.2f},{0.1 * i:.1f},{c}\n" for c in range(4) for i in range(9))

    def path(self, *parts):
        return os.path.join(self.folder.name, *parts)

    def perdure(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], cwd=self.folder.name, capture_output=True, text=True, timeout=120, check=False,
                              stdin=subprocess.DEVNULL, errors="replace", env=dict(os.environ, LC_ALL="C"))

    def scenario(self, methods):
        with open(self.path("bad.yaml"), "w", encoding="utf-8") as f:
            f.write(HEAD)
            for name, strategies in methods.items():
                f.write(f"  - {{name: {name}, strategies: [{strategies}]}}\n")

    def results(self, out):
        found = {}
        for file in glob.glob(self.path(out, "cells", "*", "*", "result.json")):
            with open(file, encoding="utf-8") as f:
                found[file.split(os.sep)[-3]] = json.load(f)
        return found

    def failures(self, out):
        with open(self.path(out, "summary.json"), encoding="utf-8") as f:
            return {row["method"]: row["reason"] for row in json.load(f)["failed"]}

    def test_what_cannot_be_loaded_is_refused(self):
        self.assertGreaterEqual(len(REFUSED), 15)
        for kind, (name, words) in REFUSED.items():
            with self.subTest(kind):
                file = self.path(name + ".so")
                origin = os.path.join(PLUGINS, name + ".so")
                shutil.copy(origin if os.path.exists(origin) else os.path.join(PLUGINS, "shape.so"), file)
                self.scenario({"good": "", "bad": f"{{plugin: {name}.so}}"})
                done = self.perdure("run", "bad.yaml", "--out", "refused")
                self.assertEqual(done.returncode, 69, done.stderr)
                self.assertRegex(done.stderr.splitlines()[0], r"^perdure: error: bad\.yaml:12:\d+: methods\[1\]\.strategies\[0\]: ")
                self.assertIn(f"{file}: {words}\n", done.stderr)
                self.assertFalse(os.path.exists(self.path("refused")))

    def beside_a_good_one(self, methods, out):
        """Runs them behind a good method, which must end as it does alone; gives why the others failed."""
        self.scenario({"good": "replay: {capacity: 20}"})
        self.assertEqual(self.perdure("run", "bad.yaml", "--out", f"{out}-alone").returncode, 0)
        alone = self.results(f"{out}-alone")["good"]
        self.scenario({"good": "replay: {capacity: 20}", **methods})
        done = self.perdure("run", "bad.yaml", "--out", out, "--jobs", "2")
        self.assertEqual(done.returncode, 1, done.stderr)
        results = self.results(out)
        self.assertEqual(list(results), ["good"])
        self.assertEqual([results["good"][key] for key in ("weights_sha256", "matrix")],
                         [alone[key] for key in ("weights_sha256", "matrix")])
        failed = self.failures(out)
        self.assertEqual(sorted(failed), sorted(methods))
        for method, words in failed.items():
            self.assertIn(f"perdure: error: {method}/seed-0: {words}\n", done.stderr)
        return failed

    def test_what_misbehaves_costs_its_own_cell(self):
        names = {kind: f"m{i}" for i, kind in enumerate(FAILING)}
        failed = self.beside_a_good_one({names[kind]: f"{{plugin: {PLUGINS}/{name}.so, with: {with_}}}"
                                         for kind, (name, with_, _) in FAILING.items()}, "failing")
        for kind, (_, _, words) in FAILING.items():
            with self.subTest(kind):
                self.assertEqual(failed[names[kind]], words)

    def test_a_crash_in_any_moment_names_its_cell(self):
        moments = ["create", *HOOKS, "destroy"]
        failed = self.beside_a_good_one({moment.replace("_", "-"): f"{{plugin: {PLUGINS}/crash_in.so, with: {{moment: {moment}}}}}"
                                         for moment in moments}, "crashing")
        killed = r"was killed by SIGSEGV \(Segmentation fault\)$"
        for moment in moments:
            with self.subTest(moment):
                words = rf"{moment}(, task [12], step \d)?: {killed}" if moment != "load" else "after_batch, task 2, step 7: go on, to come to "
                self.assertRegex(failed[moment.replace("_", "-")], "^strategy crash_in, hook " + words)
        self.scenario({"load": f"{{plugin: {PLUGINS}/crash_in.so, with: {{moment: load}}}}"})
        for words in ("after_batch, task 2, step 7: go on, ", f"load, task 2, step 6: {killed}"):
            self.assertEqual(self.perdure("run", "bad.yaml", "--out", "again").returncode, 1)
            self.assertRegex(self.failures("again")["load"], "^strategy crash_in, hook " + words)

    def test_what_is_left_behind_is_said(self):
        self.scenario({"leak": f"{{plugin: {PLUGINS}/leak.so}}"})
        done = self.perdure("run", "bad.yaml", "--out", "leak")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("leak/seed-0: warning: leak: leaked 3 tensors: kept and not released\n", done.stderr)

    def test_objects_that_export_or_import_what_they_may_not_are_seen(self):
        """By the test of symbols, which every shipped strategy passes."""
        script = os.path.join(os.environ["PERDURE_SOURCE_DIR"], "tests", "abi", "symbols.sh")
        for name, words in (("no_entry", "exports: T perdure_test_something_else"), ("entry_data", "exports: R perdure_plugin"),
                            ("undefined", "imports perdure_test_nobody_has_this, which is not of glibc"),
                            ("throws", "needs libstdc++.so.6"), ("nowhere", "not built")):
            done = subprocess.run(["sh", script, "nm", f"{PLUGINS}/{name}.so"], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1, name)
            self.assertIn(words, done.stdout)

    def test_two_that_own_the_loss_are_refused_with_both_lines(self):
        self.scenario({"both": f"{{plugin: {PLUGINS}/sole_a.so}}, {{plugin: {PLUGINS}/sole_b.so}}"})
        done = self.perdure("run", "bad.yaml", "--out", "both")
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertRegex(done.stderr, r"^perdure: error: bad\.yaml:11:\d+: methods\[0\]\.strategies\[1\]\S*: found a second compute_loss in method "
                                      r"both: sole_b has it too; expected one at most \(the first is sole_a at line 11\)\n")


if __name__ == "__main__":
    unittest.main()
