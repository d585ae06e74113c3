"""A tiny scenario, a run of it, and what recorder strategies wrote down: what the tests of this folder stand on.

The data has four classes with two values a row; class c's rows are (c + 1, row number). One batch holds six rows.
"""
import json
import os
import re
import subprocess
import tempfile
import unittest

BUILD = os.environ.get("PERDURE_BUILD_DIR", "build/release")
PROGRAM = os.path.join(BUILD, "bin", "perdure")
PLUGINS = os.path.join(os.path.abspath(BUILD), "tests", "plugins")
NUMBERS = ("row_loss", "loss", "y", "x", "row", "w", "g", "lr")


def plugin(name):
    return os.path.join(PLUGINS, name + ".so")


def parse(line):
    """A line of the recorder: tag, hook, and its fields; vectors as lists of numbers, "-" as None."""
    tag, hook, *fields = line.split()
    out = {"tag": tag, "hook": hook}
    for field in fields:
        key, _, value = field.partition("=")
        if value == "-":
            out[key] = None
        elif key in NUMBERS:
            out[key] = [float(v) for v in value.split(",")] if value else []
        else:
            out[key] = int(value) if re.fullmatch(r"-?\d+", value) else value
    return out


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="perdure-rules-")
        self.count = 0
        with open(f"{self.folder}/train.csv", "w") as f:
            for c in range(4):
                for i in range(9):
                    f.write(f"{c + 1},{0.1 * i:.1f},{c}\n")
        self.data = f"{{set: csv, train: {self.folder}/train.csv, test_every: 3, label: last, normalize: none}}"

    def tearDown(self):
        subprocess.run(["rm", "-rf", self.folder], check=True)

    def recorder(self, tag, **parameters):
        listed = ", ".join([f"file: {self.folder}/record.txt", f"tag: {tag}"] +
                           [f"{k}: {v}" for k, v in parameters.items()])
        return f"{{plugin: {plugin('recorder')}, with: {{{listed}}}}}"

    def scenario(self, strategies, kind="class-il", extra="", train_on="task", optimizer="{type: sgd, lr: 0.1}"):
        return (f"perdure: 1\nname: rules\nseeds: [3]\ndata: {self.data}\n"
                f"stream: {{split: {{by: class, tasks: 2}}, scenario: {kind}{extra}}}\n"
                f"network: {{type: mlp, hidden: [5]}}\noptimizer: {optimizer}\n"
                f"training: {{batch: 6, epochs: 2}}\ndevice: {{type: cpu}}\n"
                f"methods:\n  - name: m\n    train_on: {train_on}\n    strategies: [{', '.join(strategies)}]\n")

    def perdure(self, strategies, **keys):
        """Runs a method; gives the exit code, standard error, the record's lines and the cell's result."""
        self.count += 1
        name, out, record = f"{self.folder}/s{self.count}.yaml", f"{self.folder}/r{self.count}", f"{self.folder}/record.txt"
        with open(name, "w") as f:
            f.write(self.scenario(strategies, **keys))
        if os.path.exists(record):
            os.remove(record)
        done = subprocess.run([PROGRAM, "run", name, "--out", out], capture_output=True, text=True, timeout=120)
        lines = []
        if os.path.exists(record):
            with open(record) as f:
                lines = [parse(line) for line in f]
        path = f"{out}/cells/m/seed-3/result.json"
        result = None
        if os.path.exists(path):
            with open(path) as f:
                result = json.load(f)
        return done.returncode, done.stderr, lines, result

    def run_well(self, strategies, **keys):
        code, words, lines, result = self.perdure(strategies, **keys)
        self.assertEqual(code, 0, words)
        return lines, result

    def run_badly(self, strategies, code, *words, **keys):
        found, said, _, result = self.perdure(strategies, **keys)
        self.assertEqual(found, code, said)
        self.assertIsNone(result)
        for word in words:
            self.assertIn(word, said)

    def assertClose(self, found, expected, tolerance=2e-5):
        self.assertLessEqual(abs(found - expected), tolerance * max(1.0, abs(expected)), f"{found} is not {expected}")


def of(lines, hook, tag=None, **fields):
    return [l for l in lines if l["hook"] == hook and (tag is None or l["tag"] == tag) and
            all(l.get(k) == v for k, v in fields.items())]
