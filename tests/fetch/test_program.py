#!/usr/bin/env python3
"""The command itself, and the sets that the program knows, where their files are at hand."""
import gzip
import os
import subprocess
import unittest

from fetching import PROGRAM, Case


class Program(Case):
    def run_program(self, *words, code=0, **more):
        done = subprocess.run([PROGRAM, "data", "fetch", *words], env={**self.environment(), **more}, capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def test_mnist(self):
        folder = os.path.join(os.environ.get("PERDURE_DATA", ""), "mnist")
        names = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
        for name in names:
            if os.path.exists(os.path.join(folder, name + ".gz")):
                with open(os.path.join(folder, name + ".gz"), "rb") as f:
                    self.server.files[f"/{name}.gz"] = f.read()
            elif os.path.exists(os.path.join(folder, name)):
                with open(os.path.join(folder, name), "rb") as f:
                    self.server.files[f"/{name}.gz"] = gzip.compress(f.read(), 1)
            else:
                self.skipTest("MNIST is not in PERDURE_DATA")
        for trust in ({"CURL_CA_BUNDLE": self.cert}, {"SSL_CERT_FILE": self.cert}):
            self.assertEqual(self.run_program("mnist", "--from", self.server.url(), "--root", self.path("root"), **trust),
                             f"perdure: mnist is at hand in {self.path('root')}\n")
            self.assertEqual(sorted(os.listdir(self.path("root", "mnist"))), sorted(names))
            os.unlink(self.path("root", "mnist", names[-1]))
        self.assertEqual([asked[0] for asked in self.server.asked], [f"/{name}.gz" for name in names] + [f"/{names[-1]}.gz"])

    def test_addresses_that_are_none(self):
        for words, expected in ((("http://localhost/",), "found http://localhost/; expected https:// or a folder"),
                                (("ftp://localhost/",), "found ftp://localhost/; expected https:// or a folder"),
                                (("https://",), "found https://; expected https:// or a folder"),
                                (("https://localhost/", "."), "found folder . beside another --from; expected one"),
                                ((".", ".."), "found folder . beside another --from; expected one")):
            options = [word for one in words for word in ("--from", one)]
            self.assertEqual(self.run_program("mnist", *options, "--root", self.path("root"), code=64),
                             f"perdure: error: data fetch: --from: {expected}\n")
        self.assertIn("expected a whole number from 1 to 3600", self.run_program("mnist", "--timeout", "0", code=64))
        self.assertFalse(os.path.exists(self.path("root")))

    def test_sets_without_an_address(self):
        self.assertEqual(self.run_program("digits", "--root", self.path("root"), code=69),
                         "perdure: error: digits: found no address that it could come from; expected --from\n"
                         "hint: `perdure data list` tells whether it is at hand already\n")
        self.assertIn("as it is made and not read", self.run_program("synthetic", code=69))


if __name__ == "__main__":
    unittest.main()
