"""The pictures of a run, from the strategy to the file and back: what generative replay shows of digits is judged by a network
that was trained on real ones (examples/genreplay/samples)."""
import os
import re
import subprocess
import sys
import unittest

from program import SOURCE, Case

HALVES = "z: 20, optimizer: {type: adam, lr: 0.003}, encoder: {type: mlp, hidden: [100]}, decoder: {type: mlp, hidden: [100]}"
SCENARIO = """\
perdure: 1
name: samples
seeds: [3]
data: {set: digits, normalize: unit}
stream: {split: {by: class, tasks: 5}, scenario: class-il}
network: {type: mlp, hidden: [50]}
optimizer: {type: adam, lr: 0.001}
training: {batch: 32, iterations: 600}
device: {type: cpu, threads: 1}
methods:
  - {name: joint, train_on: all}
  - {name: vae, strategies: [{genreplay: {%s}}]}
"""


class Samples(Case):
    def judge(self):
        return subprocess.run([sys.executable, "-B", os.path.join(SOURCE, "examples/genreplay/samples"), self.path("out")],
                              capture_output=True, text=True, check=False)

    def test_digits_are_digits_of_their_tasks(self):
        self.write("samples.yaml", SCENARIO % HALVES)
        self.run_program("run", "samples.yaml", "--out", "out")
        folder = self.path("out/cells/vae/seed-3/samples")
        self.assertEqual(sorted(os.listdir(folder)), [f"genreplay.after-task-{k}.png" for k in range(1, 6)])
        self.assertFalse(os.path.exists(self.path("out/cells/joint/seed-3/samples")))
        done = self.judge()
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 5, done.stderr)
        first = re.search(r"after task 1: +([\d.]+)% in its  2 classes, +([\d.]+)% to +([\d.]+)% each", lines[0])
        self.assertGreaterEqual(float(first[1]), 90, lines[0])
        self.assertGreaterEqual(float(first[2]), 20, lines[0])
        self.assertNotIn("MISSED", done.stdout)
        self.assertEqual(done.returncode, 0)

        # Digits of all tasks in the place of the first task's.
        os.replace(os.path.join(folder, "genreplay.after-task-5.png"), os.path.join(folder, "genreplay.after-task-1.png"))
        done = self.judge()
        self.assertEqual((len(done.stdout.splitlines()), done.returncode), (4, 1))
        self.assertIn("MISSED", done.stdout.splitlines()[0])


if __name__ == "__main__":
    unittest.main()
