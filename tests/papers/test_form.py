"""Scenarios of examples/papers that need CIFAR and a GPU, on files of the right form that are made here: a few rows, a narrow
network, an epoch. Every method must come to its end and leave a whole matrix; no figure is judged."""
import glob
import json
import os
import random
import re
import subprocess
import tempfile
import unittest

SOURCE, BUILD = os.environ["PERDURE_SOURCE_DIR"], os.environ["PERDURE_BUILD_DIR"]
PROGRAM = os.path.join(BUILD, "bin", "perdure")
SMALL = ["seeds=[0]", "network.width=2", "training.epochs=1", "optimizer.lr=0.01", "device.type=cpu", "evaluation.expect=[]",
         "evaluation.metrics=[acc.macro]", "evaluation.matrix={rows: last, untrained: false}"]


def records(path, classes, each, coarse, draw):
    """`each` records a class: its labels and pixels that lean to a colour of the class."""
    rows = [label for label in range(classes) for _ in range(each)]
    draw.shuffle(rows)
    with open(path, "wb") as f:
        for label in rows:
            f.write(bytes([label // 5, label] if coarse else [label]))
            f.write(bytes((byte + 37 * label) % 256 for byte in draw.randbytes(3072)))


def lay(root):
    draw = random.Random(5)
    for name in ("cifar10", "cifar100"):
        os.makedirs(os.path.join(root, name))
    for i in range(1, 6):
        records(os.path.join(root, "cifar10", f"data_batch_{i}.bin"), 10, 2, False, draw)
    records(os.path.join(root, "cifar10", "test_batch.bin"), 10, 2, False, draw)
    records(os.path.join(root, "cifar100", "train.bin"), 100, 3, True, draw)
    records(os.path.join(root, "cifar100", "test.bin"), 100, 1, True, draw)


class Form(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="perdure-form-")
        lay(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_through(self, file, *more):
        name = os.path.splitext(os.path.basename(file))[0]
        out = os.path.join(self.folder.name, "runs", name)
        sets = [word for pair in SMALL + list(more) for word in ("--set", pair)]
        done = subprocess.run([PROGRAM, "run", file, "--out", out, "--json", *sets], capture_output=True, text=True,
                              check=False, env=dict(os.environ, PERDURE_DATA=self.folder.name))
        self.assertEqual(done.returncode, 0, done.stderr)
        for method in json.loads(done.stdout)["methods"]:
            with open(os.path.join(out, "cells", method["name"], "seed-0", "result.json"), encoding="utf-8") as f:
                result = json.load(f)
            self.assertGreater(result["steps"], 0)
            self.assertTrue(all(0 <= share <= 1 for share in result["matrix"][-1]), result["matrix"])
            self.assertEqual(method["metrics"]["acc.macro"]["n"], 1)

    def words(self, number):
        """Scenario classes-NUMBER without what its number of classes decides."""
        with open(f"{SOURCE}/examples/papers/icarl/classes-{number}.yaml", encoding="utf-8") as f:
            return re.sub(rf"{number} classes a step|classes-{number}$|tasks: {100 // number},|is: 0\.\d+", "", f.read(), flags=re.M)

    def test_icarl(self):
        """The two with the most tasks take a minute: their words are those of one that is run."""
        self.assertEqual(len(glob.glob(SOURCE + "/examples/papers/icarl/*.yaml")), 5)
        for number in (10, 20, 50):
            with self.subTest(number=number):
                self.run_through(f"{SOURCE}/examples/papers/icarl/classes-{number}.yaml", "training.batch=64")
        for number in (2, 5, 20, 50):
            self.assertEqual(self.words(number), self.words(10))

    def test_der(self):
        files = sorted(glob.glob(SOURCE + "/examples/papers/der/*.yaml"))
        self.assertEqual(len(files), 4)
        for file in files:
            with self.subTest(file=os.path.basename(file)):
                self.run_through(file, "training.batch=10")


if __name__ == "__main__":
    unittest.main()
