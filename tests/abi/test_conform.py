#!/usr/bin/env python3
"""Strategies that were compiled against frozen headers conform (`perdure plugin test`) on a host of the next minor, also when the
n-th call of that host fails; so do those of tests/abi/drafts that ask for no extension."""
import glob
import os
import subprocess
import unittest

BUILD = os.environ["PERDURE_BUILD_DIR"]
NEXT = os.path.join(BUILD, "tests", "abi", "next", "bin", "perdure")
FROZEN = sorted(glob.glob(os.path.join(BUILD, "tests", "abi", "v1.*")))
STRATEGIES = (("ewc", "lambda: 10"), ("replay", "capacity: 20"), ("graph_safe", "warm: 3"), ("rank_safe", "unit: true"))


class Conform(unittest.TestCase):
    def test_on_the_next_host(self):
        self.assertTrue(FROZEN, "found no frozen minor; expected one")
        for folder in FROZEN:
            for name, parameter in STRATEGIES:
                with self.subTest(name, folder=os.path.basename(folder)):
                    done = subprocess.run([NEXT, "plugin", "test", os.path.join(folder, name + ".so"), "--with", parameter],
                                          capture_output=True, text=True, timeout=240, check=False, stdin=subprocess.DEVNULL)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                    self.assertIn(f"{name} 1.0: conforms\n", done.stdout)
                    self.assertRegex(done.stdout, r"(?m)^good +refusals +\d+ calls to the host refused")


if __name__ == "__main__":
    unittest.main()
