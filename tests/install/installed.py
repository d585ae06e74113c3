"""An installation of the build, in a prefix of the test's own that was moved after it."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = os.environ["PERDURE_BUILD_DIR"]
SOURCE = os.environ["PERDURE_SOURCE_DIR"]
TORCH = os.environ["TORCH_ROOT"]
CMAKE = os.environ.get("PERDURE_CMAKE", "cmake")
KEPT = ("PATH", "ASAN_OPTIONS", "LD_PRELOAD")  # nothing else of who runs the test: no TORCH_ROOT, no PERDURE_*


def main(*tools):
    """The tests of the file. Where a tool that all of them need is missing: 77, and 1 with PERDURE_CI=1."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        print(f"skipped: found no {', '.join(missing)}; expected it (scripts/setup ci)")
        sys.exit(1 if os.environ.get("PERDURE_CI") == "1" else 77)
    unittest.main()


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="perdure-install-")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.root = os.path.realpath(cls.scratch.name)
        first = os.path.join(cls.root, "first")
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", first], check=True, stdout=subprocess.DEVNULL)
        cls.prefix = os.path.join(cls.root, "then", "here")
        os.makedirs(os.path.dirname(cls.prefix))
        os.rename(first, cls.prefix)

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.root)

    def at(self, *parts):
        return os.path.join(self.prefix, *parts)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, words):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(words)

    def need(self, tool):
        if shutil.which(tool):
            return
        if os.environ.get("PERDURE_CI") == "1":
            self.fail(f"found no {tool}; expected it (scripts/setup ci)")
        self.skipTest(f"found no {tool}")

    def run_in(self, *words, code=0, **environment):
        """A command in the test's folder; `code` None takes any."""
        clean = {k: os.environ[k] for k in KEPT if k in os.environ}
        clean.update(HOME=self.folder, LC_ALL="C", **environment)
        done = subprocess.run(words, cwd=self.folder, env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=250, check=False)
        if code is not None:
            self.assertEqual(done.returncode, code, f"{words}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}")
        return done

    def perdure(self, *words, **more):
        return self.run_in(self.at("bin", "perdure"), *words, **more)

    def result(self, *cell):
        with open(self.path(*cell, "result.json"), encoding="utf-8") as f:
            return json.load(f)
