#!/usr/bin/env python3
"""`perdure plugin test` as its user meets it: lines, JSON, parameters, and what it refuses."""
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
from program import BUILD, Case  # noqa: E402  pylint: disable=wrong-import-position

UNRULY = os.path.join(BUILD, "tests", "plugins", "unruly.so")


class Words(Case):
    def refused(self, *words, code):
        return self.run_program("plugin", *words, code=code).stderr

    def test_a_line_a_check_a_line_a_hook_and_a_verdict(self):
        lines = self.run_program("plugin", "test", UNRULY, "--only", "run", "--only", "seed").stdout.splitlines()
        self.assertRegex(lines[0], r"^good            run        3 tasks \(scenario: class-il\) to their end, 18 steps, \d+ hooks in order, "
                                   r"accuracy 0\.\d\d$")
        self.assertEqual(lines[1], "good            seed       the same seed gives the same bits, in another process and "
                                   "twice in one")
        self.assertRegex(lines[2], r"^time            before_task       3 calls, +\d+\.\d us each, +\d+\.\d us at most$")
        self.assertEqual([l.split()[1] for l in lines[2:-1]], ["before_task", "before_batch", "before_forward", "after_loss", "after_batch", "after_task"])
        self.assertEqual(lines[-1], "unruly 1.0: conforms")

    def test_bad_is_exit_1_and_said(self):
        done = self.run_program("plugin", "test", UNRULY, "--with", "fault: crash", code=1)
        self.assertIn("bad             run        it did not come to its end: strategy unruly, hook after_batch", done.stdout)
        self.assertIn("not applicable  seed       there is nothing to compare: run is bad", done.stdout)
        self.assertTrue(done.stdout.endswith("unruly 1.0: does not conform\n"))
        self.assertEqual(done.stderr, "")

    def test_none_is_good_that_does_not_come_to_its_end_whatever_was_asked(self):
        done = self.run_program("plugin", "test", UNRULY, "--with", "fault: crash", "--only", "release", code=1)
        self.assertIn("bad             run        it did not come to its end", done.stdout)
        self.assertTrue(done.stdout.endswith("unruly 1.0: does not conform\n"))
        done = self.run_program("plugin", "test", UNRULY, "--with", "fault: crash", "--only", "seed", "--json", code=1)
        self.assertEqual([(c["name"], c["verdict"]) for c in json.loads(done.stdout)["checks"]],
                         [("run", "bad"), ("seed", "not applicable")])

    def test_a_save_that_crashes_is_what_the_checks_on_checkpoints_say(self):
        crash_in = os.path.join(os.path.dirname(UNRULY), "crash_in.so")
        for check in ("saving", "state"):
            done = self.run_program("plugin", "test", crash_in, "--with", "moment: save", "--only", check, code=1)
            self.assertRegex(done.stdout, rf"^bad +{check} .*strategy crash_in, hook save, task \d, step \d+: killed by SIGSEGV")

    def test_a_strategy_for_certain_streams(self):
        lines = self.run_program("plugin", "test", UNRULY, "--with", "fault: picky", "--only", "run", "--only",
                                 "streams").stdout.splitlines()
        self.assertRegex(lines[0], r"^good +run +3 tasks \(scenario: domain-il\) to their end, 18 steps")
        self.assertRegex(lines[1], r"^good +streams +class-il refused \(found new classes; expected domain-il\); .*; domain-il; "
                                   r"domain-il by permutation$")

    def test_json_names_the_file_and_its_digest(self):
        report = json.loads(self.run_program("plugin", "test", "ewc", "--with", "lambda: 10", "--only", "run", "--json").stdout)
        digest = subprocess.run(["sha256sum", report["file"]], capture_output=True, text=True, check=True).stdout.split()[0]
        self.assertEqual({k: report[k] for k in ("schema", "name", "abi", "sha256", "bad")},
                         {"schema": "perdure.plugin.test/1", "name": "ewc", "abi": "1.0", "sha256": digest, "bad": 0})
        self.assertEqual([c["name"] for c in report["checks"]], ["run"])
        self.assertEqual({h["hook"] for h in report["hooks"]}, {"before_run", "after_loss", "after_task"})

    def test_parameters_are_those_of_a_scenario(self):
        self.assertRegex(self.refused("test", "ewc", code=78),
                         r"\Aperdure: error: \(scenario of the test\):\d+:\d+: methods\[0\]\.strategies\[0\]\.with\.lambda: found "
                         r"nothing; expected a number, at least 0\nhint: parameters of the strategy: --with 'KEY: VALUE'\n\Z")
        self.assertIn("strategies[0].with.lambda", self.refused("test", "ewc", "--with", "lambda: -1", code=78))
        self.assertIn('did you mean "lambda"?', self.refused("test", "ewc", "--with", "lamda: 1", code=78))
        self.run_program("plugin", "test", "ewc", "--with", "lambda: 10\nterms: separate", "--only", "run")

    def test_what_is_no_plugin_check_or_option_is_refused(self):
        self.assertIn("nowhere.so: found nothing that can be read", self.refused("test", "./nowhere.so", code=69))
        self.assertRegex(self.refused("test", UNRULY, "--only", "sed", code=64),
                         r"^perdure: error: found sed; expected a check: run, findings.*\nhint: did you mean seed\?\n$")
        self.assertIn("plugin test: found nothing behind it; expected FILE.so or NAME", self.refused("test", code=64))
        self.assertIn("--calls", self.refused("test", UNRULY, "--calls", "-1", code=64))
        self.assertRegex(self.refused("tset", UNRULY, code=64), r"hint: did you mean test\?")

    def test_one_that_is_refused_as_it_is_opened(self):
        path = os.path.join(BUILD, "tests", "plugins", "wrong_major.so")
        self.assertRegex(self.refused("test", path, code=69), r"found plugin ABI \d+\.\d+; expected 1\.0")

    def test_nothing_is_left_in_temporary_folders(self):
        os.mkdir(self.path("tmp"))
        self.run_program("plugin", "test", UNRULY, "--with", "fault: forget", "--only", "resume", "--only", "state", code=1,
                         TMPDIR=self.path("tmp"))
        self.assertEqual(os.listdir(self.path("tmp")), [])

    def test_a_signal_ends_it_in_order(self):
        os.mkdir(self.path("tmp"))
        clean = {**self.environment(TMPDIR=self.path("tmp"))}
        test = subprocess.Popen([os.path.join(BUILD, "bin", "perdure"), "plugin", "test", UNRULY], env=clean, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn("run", test.stdout.readline())
        test.send_signal(signal.SIGINT)
        said, why = test.communicate(timeout=60)
        self.assertEqual(test.returncode, 75)
        self.assertNotIn("conforms", said)
        self.assertIn("stopped by Ctrl-C (SIGINT)\nhint: nothing of a test is kept", why)
        self.assertEqual(os.listdir(self.path("tmp")), [])

    def test_a_signal_ends_one_that_hangs(self):
        os.mkdir(self.path("tmp"))
        test = subprocess.Popen([os.path.join(BUILD, "bin", "perdure"), "plugin", "test", UNRULY, "--with", "fault: hang",
                                 "--limit", "86400"], env=self.environment(TMPDIR=self.path("tmp")), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not os.listdir(self.path("tmp")) and test.poll() is None:
            time.sleep(0.01)
        test.send_signal(signal.SIGINT)
        try:
            why = test.communicate(timeout=60)[1]
        finally:
            test.kill()
        self.assertEqual(test.returncode, 75)
        self.assertIn("stopped by Ctrl-C (SIGINT)", why)
        self.assertEqual(os.listdir(self.path("tmp")), [])

    def test_without_libtorch_it_says_what_to_do(self):
        self.assertRegex(self.run_program("plugin", "test", UNRULY, code=69, TORCH_ROOT=self.path("none")).stderr,
                         re.compile(r"LibTorch: found no .*\nhint: ", re.S))


if __name__ == "__main__":
    unittest.main()
