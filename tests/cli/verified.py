"""A finished run that the tests of verify, bundle and cite look at: made once, with a shipped strategy and one by its path."""
import hashlib
import json
import os
import shutil
import subprocess
import tempfile

from program import BUILD, PROGRAM, SCENARIO, Case, clouds_csv

METHODS = """\
methods:
  - name: finetune
  - {name: replay, strategies: [{replay: {capacity: 20}}]}
  - {name: mine, strategies: [{plugin: ./pull.so, with: {weight: 0.01}}]}
output:"""
RUN = os.path.join("runs", "clouds")


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def sealed(manifest):
    """The text of a manifest with its own SHA-256 behind it, as core/record/seal.c writes it."""
    manifest.pop("manifest_sha256", None)
    words = json.dumps(manifest, indent=2, ensure_ascii=False)[:-2] + ",\n"
    return words + '  "manifest_sha256": "%s"\n}\n' % hashlib.sha256(words.encode()).hexdigest()


class Verified(Case):
    """`self.run_folder` is a copy of the run, for this test alone; data, plugin and scenario lie in `self.home`."""

    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory(prefix="perdure-verified-")
        cls.addClassCleanup(cls.kept.cleanup)
        cls.home = os.path.realpath(cls.kept.name)
        with open(os.path.join(cls.home, "clouds.csv"), "w", encoding="utf-8") as f:
            f.write(clouds_csv())
        with open(os.path.join(cls.home, "clouds.yaml"), "w", encoding="utf-8") as f:
            words = SCENARIO.replace("seeds: [0, 1]", "seeds: [0]")
            f.write(words[:words.index("methods:")] + METHODS + words[words.index("output:") + len("output:"):])
        shutil.copy(os.path.join(BUILD, "tests/plugins/pull.so"), cls.home)
        environment = {k: v for k, v in os.environ.items() if k not in ("PERDURE_PLUGIN_PATH", "PERDURE_DATA")}
        done = subprocess.run([PROGRAM, "run", "clouds.yaml", "--set", "training.batch=16"], cwd=cls.home, env=environment,
                              capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        cls.told = done.stderr

    def setUp(self):
        super().setUp()
        self.run_folder = self.path("copy")
        shutil.copytree(os.path.join(self.home, RUN), self.run_folder)

    def of_run(self, *parts):
        return os.path.join(self.run_folder, *parts)

    def cell(self, method, name):
        return self.of_run("cells", method, "seed-0", name)

    def read(self, path):
        with open(path, encoding="utf-8") as f:
            return json.load(f)

    def put(self, path, words):
        with open(path, "w", encoding="utf-8") as f:
            f.write(words)

    def byte_changed(self, path, place):
        with open(path, "r+b") as f:
            f.seek(place, os.SEEK_END if place < 0 else os.SEEK_SET)
            byte = f.read(1)
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte[0] ^ 1]))

    def replaced(self, path, old, new):
        with open(path, encoding="utf-8") as f:
            words = f.read()
        self.assertIn(old, words)
        self.put(path, words.replace(old, new, 1))

    def lines(self, done, level):
        return [line[9:] for line in done.stdout.splitlines() if line.startswith(f"{level:<8} ")]
