"""examples/genreplay/samples on a run that is made here: pictures of one pixel, of six greys for six classes, and an mlp that tells
them apart."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

SOURCE = os.environ["PERDURE_SOURCE_DIR"]
CLASSES = 6  # two a task


def png(path, greys):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    lines = b"".join(b"\0" + bytes(greys[i:i + 10]) for i in range(0, 100, 10))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 10, 10, 8, 0, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def safetensors(path, tensors):
    """`tensors`: name -> shape, values."""
    head, body = {}, b""
    for name, (shape, values) in tensors.items():
        raw = struct.pack(f"<{len(values)}f", *values)
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    words = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(words)) + words + body)


def mlp():
    """The class whose grey is nearest: 2 v g - g^2 is greatest where (v - g)^2 is least."""
    greys = [c / (CLASSES - 1) for c in range(CLASSES)]
    return {"hidden.0.weight": ([1, 1], [1.0]), "hidden.0.bias": ([1], [0.0]),
            "head.weight": ([CLASSES, 1], [2 * g for g in greys]), "head.bias": ([CLASSES], [-g * g for g in greys])}


class Samples(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="perdure-samples-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.joint = os.path.join(self.folder, "cells/joint/seed-0")
        self.pictures = os.path.join(self.folder, "cells/vae/seed-0/samples")
        os.makedirs(self.joint)
        os.makedirs(self.pictures)
        safetensors(os.path.join(self.joint, "weights.safetensors"), mlp())
        with open(os.path.join(self.joint, "result.json"), "w", encoding="utf-8") as f:
            json.dump({"tasks": [[4, 7], [1, 0], [2, 5]]}, f)
        for task in (1, 2, 3):
            self.picture(task, [100 // (2 * task)] * (2 * task - 1))

    def picture(self, task, counts):
        """So many samples of each class from the first; what is left of the hundred is of the class behind them."""
        greys = [51 * c for c, count in enumerate(counts) for _ in range(count)]
        png(os.path.join(self.pictures, f"genreplay.after-task-{task}.png"), greys + [51 * len(counts)] * (100 - len(greys)))

    def judge(self, code):
        done = subprocess.run([sys.executable, "-B", SOURCE + "/examples/genreplay/samples", self.folder], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout.splitlines(), done.stderr

    def missed(self, code):
        return ["MISSED" in line for line in self.judge(code)[0]]

    def test_shares(self):
        lines, _ = self.judge(0)
        self.assertIn("after task 1: 100.0% in its  2 classes,  50.0% to  50.0% each, even  50.0%", lines[0])
        self.assertIn("after task 3: 100.0% in its  6 classes,  16.0% to  20.0% each, even  16.7%", lines[2])

    def test_nine_of_ten_are_in_the_classes_so_far_after_every_task(self):
        self.picture(2, [30, 30, 20, 10])
        self.assertEqual(self.missed(0), [False, False, False])
        self.picture(2, [30, 30, 20, 9])
        self.assertEqual(self.missed(1), [False, True, False])
        self.picture(2, [25, 25, 25])
        self.picture(1, [45, 44])
        self.assertEqual(self.missed(1), [True, False, False])

    def test_each_class_has_a_fifth_after_the_first_task_alone(self):
        self.picture(1, [80])
        self.picture(3, [95, 1, 1, 1, 1])
        self.assertEqual(self.missed(0), [False, False, False])
        self.picture(1, [81])
        self.assertEqual(self.missed(1), [True, False, False])

    def refused(self, words):
        """In one line."""
        said = self.judge(1)[1]
        self.assertIn(words, said)
        self.assertEqual(said.count("\n"), 1, said)

    def test_a_classifier_that_is_not_there(self):
        os.remove(os.path.join(self.joint, "result.json"))  # a cell that failed has none
        self.refused("cells/joint/seed-0: found no result.json; expected the finished cell of the network that judges")
        shutil.rmtree(self.joint)
        self.refused("cells/joint/seed-0: found no weights.safetensors; expected")

    def test_a_classifier_that_is_no_mlp(self):
        scalar = {"norm.count": ([], [1.0]), "norm.weight": ([1], [1.0])}
        for name, strange in (("conv.0.weight", {"conv.0.weight": ([1, 1, 1, 1], [1.0])}), ("norm.count", scalar)):
            safetensors(os.path.join(self.joint, "weights.safetensors"), {**mlp(), **strange})
            self.refused(f"weights.safetensors: found {name}; expected hidden.N and head alone, the layers of an mlp")
        two = {name.replace("head.", "head.0."): tensor for name, tensor in mlp().items()}
        safetensors(os.path.join(self.joint, "weights.safetensors"), two)
        self.refused("found head.0.bias; expected hidden.N and head alone")


if __name__ == "__main__":
    unittest.main()
