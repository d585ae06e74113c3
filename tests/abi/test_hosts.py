#!/usr/bin/env python3
"""Strategies that were compiled against frozen headers run on the host of today, and on one whose tables, moments and structs
have grown at their ends: to the bit as those that were compiled today. And the other way round: one that knows a newer minor
asks before it uses it, or is refused by an older host in words."""
import glob
import json
import os
import re
import subprocess
import tempfile
import unittest

BUILD, SOURCE = os.environ["PERDURE_BUILD_DIR"], os.environ["PERDURE_SOURCE_DIR"]
TODAY = os.path.join(BUILD, "bin", "perdure")
NEXT = os.path.join(BUILD, "tests", "abi", "next", "bin", "perdure")
SHIPPED = os.path.join(BUILD, "lib", "perdure", "plugins", "1")
TESTED = os.path.join(BUILD, "tests", "plugins")
FROZEN = sorted(glob.glob(os.path.join(BUILD, "tests", "abi", "v1.*")))

# What each needs to have something to do in a run of this size.
STRATEGIES = {
    "replay": "{capacity: 40, policy: class-balanced}",
    "ewc": "{lambda: 100}",
    "lwf": "{}",
    "icarl": "{capacity: 40}",
    "si": "{c: 1}",
    "agem": "{capacity: 40}",
    "genreplay": "{}",
    "recorder": "{file: record.txt, rehearse: 2, term: 0.5, penalty: 0.1, edit_grad: 1}",
    "exercise_tensor": "{}",
    "exercise_rest": "{capacity: 20, policy: fifo}",
}
HEAD = """\
perdure: 1
name: hosts
data: {set: csv, train: train.csv, test_every: 3, label: last, normalize: none}
stream: {split: {by: class, tasks: 2}, scenario: class-il}
network: {type: mlp, hidden: [5]}
optimizer: {type: sgd, lr: 0.1}
training: {batch: 6, epochs: 2}
device: {type: cpu, threads: 1}
methods:
"""


def headers_minor(folder):
    with open(os.path.join(folder, "perdure", "status.h"), encoding="utf-8") as f:
        return int(re.search(r"#define PDR_ABI_MINOR (\d+)u", f.read())[1])


class Hosts(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="perdure-hosts-")
        self.addCleanup(self.folder.cleanup)
        with open(self.path("train.csv"), "w", encoding="utf-8") as f:
            f.writelines(f"{0.25 * c:.2f},{0.1 * i:.1f},{c}\n" for c in range(4) for i in range(9))
        self.next_minor = headers_minor(os.path.join(BUILD, "tests", "abi", "next", "include"))

    def path(self, *parts):
        return os.path.join(self.folder.name, *parts)

    def run_methods(self, program, out, methods, code=0):
        """methods: {name: (object, parameters)}. Gives what it printed, and the record of every cell."""
        with open(self.path("hosts.yaml"), "w", encoding="utf-8") as f:
            f.write(HEAD)
            for name, (file, parameters) in methods.items():
                f.write(f"  - {{name: {name.replace('_', '-')}, strategies: [{{plugin: {file}, with: {parameters}}}]}}\n")
        done = subprocess.run([program, "run", "hosts.yaml", "--out", out, "--jobs", "2"], cwd=self.folder.name, capture_output=True, text=True,
                              timeout=240, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stderr)
        cells = {}
        for file in glob.glob(self.path(out, "cells", "*", "*", "result.json")):
            with open(file, encoding="utf-8") as f:
                result = json.load(f)
            with open(os.path.join(os.path.dirname(file), "log.jsonl"), encoding="utf-8") as f:
                log = f.read()
            cells[file.split(os.sep)[-3]] = (result["weights_sha256"], result["matrix"], result["steps"], log)
        return done.stderr, cells

    def compiled(self, *folders):
        """The methods by the objects of these folders."""
        found = {name: [os.path.join(f, name + ".so") for f in folders] for name in STRATEGIES}
        return {name: (next(p for p in found[name] if os.path.exists(p)), with_) for name, with_ in STRATEGIES.items()}

    def record(self):
        with open(self.path("record.txt"), encoding="utf-8") as f:
            words = f.read()
        os.remove(self.path("record.txt"))
        return words

    def test_old_strategies_run_on_both_hosts_to_the_bit(self):
        self.assertTrue(FROZEN, "found no frozen minor; expected one")
        _, expected = self.run_methods(TODAY, "shipped", self.compiled(SHIPPED, TESTED))
        self.assertEqual(len(expected), len(STRATEGIES))
        seen = self.record()
        self.assertIn("after_batch", seen)
        for folder in FROZEN:
            for program in (TODAY, NEXT):
                with self.subTest(folder=os.path.basename(folder), next=program == NEXT):
                    out = f"{os.path.basename(folder)}-{'next' if program == NEXT else 'today'}"
                    words, cells = self.run_methods(program, out, self.compiled(folder))
                    self.assertEqual(cells, expected, words)
                    self.assertEqual(self.record(), seen)

    def test_graphs_ranks_and_tables_need_no_slot_that_is_missing(self):
        """The strategies of tests/abi/drafts, compiled against frozen headers and drafts of two extensions."""
        for folder in FROZEN:
            with self.subTest(os.path.basename(folder)):
                drafts = {"graph": (f"{folder}/graph_safe.so", "{c: 5, warm: 3}"), "rank": (f"{folder}/rank_safe.so", "{}"),
                          "table": (f"{folder}/sparse_tables.so", "{c: 50}")}
                name = os.path.basename(folder)
                words, today = self.run_methods(TODAY, f"{name}-drafts-today", drafts, code=1)
                self.assertIn("table/seed-0: strategy sparse_tables, hook before_run: found no perdure.tables/1; expected a host that "
                              "has tables\n", words)
                words, then = self.run_methods(NEXT, f"{name}-drafts-next", drafts)
                self.assertEqual(sorted(today), ["graph", "rank"])
                self.assertEqual(then["graph"], today["graph"])
                # Two ranks that see the same rows have the same class means as one.
                self.assertEqual(then["rank"], today["rank"])
                _, free = self.run_methods(NEXT, f"{name}-free", {"graph": (drafts["graph"][0], "{c: 0}"),
                                                                  "table": (drafts["table"][0], "{c: 0}")})
                for method in ("graph", "table"):
                    self.assertNotEqual(then[method][0], free[method][0], "expected a penalty that moves the weights")
                self.assertEqual(free["graph"][0], free["table"][0])

    def test_the_next_host_is_another_one(self):
        """Else nothing above would be shown: it says its minor, and gives what was appended."""
        asks = os.path.join(BUILD, "tests", "abi", "next", "asks.so")
        for program, has, answer in ((TODAY, 0, 0), (NEXT, 9, 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8)):
            with self.subTest(next=program == NEXT):
                _, cells = self.run_methods(program, f"asks-{has}", {"asks": (asks, "{}")})
                points = [json.loads(line) for line in cells["asks"][3].splitlines()]
                self.assertEqual([p["value"] for p in points if p.get("name") == "asks.has"], [has, has])
                self.assertEqual([p["value"] for p in points if p.get("name") == "asks.sum"], [answer, answer])

    def test_what_is_flagged_graph_safe_does_not_wait(self):
        """The next host holds every strategy of this file to PDR_GRAPH_SAFE; here is one that is not what it says."""
        waits = os.path.join(BUILD, "tests", "abi", "next", "waits.so")
        words, _ = self.run_methods(NEXT, "waits", {"waits": (waits, "{}")}, code=1)
        self.assertIn("strategy waits, hook after_loss, task 1, step 1: read() waits for the device in a hook that a graph would capture",
                      words)

    def test_one_that_needs_more_is_refused_in_words(self):
        needs = os.path.join(BUILD, "tests", "abi", "next", "needs.so")
        words, cells = self.run_methods(TODAY, "refused", {"needs": (needs, "{}")}, code=69)
        self.assertEqual(cells, {})
        minor = self.next_minor
        self.assertIn(f"needs.so: found plugin ABI 1.{minor}; expected 1.{minor - 1} or an older 1.x\n"
                      f"hint: use a newer Perdure, or build it with -DPDR_TARGET_MINOR={minor - 1}\n", words)
        _, cells = self.run_methods(NEXT, "taken", {"needs": (needs, "{}")})
        self.assertEqual(list(cells), ["needs"])


if __name__ == "__main__":
    unittest.main()
