"""The built program, as the tests of the command line drive it: only through what a user can see."""
import json
import os
import subprocess
import tempfile
import unittest

BUILD = os.environ["PERDURE_BUILD_DIR"]
SOURCE = os.environ["PERDURE_SOURCE_DIR"]
PROGRAM = os.path.join(BUILD, "bin", "perdure")

# Two classes a task in four clouds of points: small enough that a cell takes a fraction of a second.
SCENARIO = """\
perdure: 1
name: clouds
seeds: [0, 1]
data:
  set: csv
  train: clouds.csv
  test_every: 5
  label: last
stream:
  split: {by: class, tasks: 2, order: given}
  scenario: class-il
network: {type: mlp, hidden: [8]}
optimizer: {type: sgd, lr: 0.1}
training: {batch: 8, epochs: 2}
device: {type: cpu, threads: 1}
methods:
  - name: finetune
  - name: joint
    train_on: all
output: {folder: "runs/{name}"}
"""


def clouds_csv():
    lines = []
    for i in range(400):
        label = i % 4
        x = (label % 2) * 4 - 2 + ((i * 37) % 100) / 100
        y = (label // 2) * 4 - 2 + ((i * 61) % 100) / 100
        lines.append(f"{x:.2f},{y:.2f},{label}")
    return "\n".join(lines) + "\n"


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="perdure-cli-")
        self.addCleanup(self.folder.cleanup)
        self.write("clouds.csv", clouds_csv())
        self.write("clouds.yaml", SCENARIO)

    def path(self, *parts):
        return os.path.join(self.folder.name, *parts)

    def write(self, name, words):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(words)

    def read_json(self, *parts):
        with open(self.path(*parts), encoding="utf-8") as f:
            return json.load(f)

    def environment(self, **more):
        clean = {k: v for k, v in os.environ.items() if k not in ("PERDURE_PLUGIN_PATH", "PERDURE_DATA", "COLUMNS")}
        clean.update(LC_ALL="C", **more)
        return clean

    def start(self, *arguments, **more):
        return subprocess.Popen([PROGRAM, *arguments], cwd=self.folder.name, env=self.environment(), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def run_program(self, *arguments, code=0, **environment):
        done = subprocess.run([PROGRAM, *arguments], cwd=self.folder.name, env=self.environment(**environment),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
        said = f"{arguments}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
        if code is not None:
            self.assertEqual(done.returncode, code, said)
        return done
