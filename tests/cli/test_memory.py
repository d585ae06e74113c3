#!/usr/bin/env python3
"""`perdure memory`: memories on disk as a run leaves them, beside LMDB's own tools, and damaged in every way."""
import fcntl
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
import unittest

from program import Case

METHODS = "methods: [{name: replay, strategies: [replay: {capacity: 60, online: true, where: disk}]}]\n"
CELL = "runs/clouds/cells/replay/seed-0"
FOLDER = CELL + "/memory/replay/samples"


class Memory(Case):
    def setUp(self):
        super().setUp()
        with open(self.path("clouds.yaml"), encoding="utf-8") as f:
            words = re.sub(r"(?ms)^methods:\n.*?(?=^output)", METHODS, f.read())
        self.write("clouds.yaml", words)
        self.sets = ["--set", "seeds=[0]"]

    def trained(self):
        self.run_program("run", "clouds.yaml", *self.sets)
        return self.path(FOLDER, "data.mdb")

    def report(self, code=0, verb="show"):
        return json.loads(self.run_program("memory", verb, FOLDER, "--json", code=code).stdout)

    def test_show_says_what_is_there(self):
        self.trained()
        report = self.report()
        self.assertEqual({k: report[k] for k in ("schema", "name", "policy", "capacity", "type", "row_bytes", "extra_bytes",
                                                 "slots", "bad_count", "folder")},
                         {"schema": "perdure.memory.report/1", "name": "replay/samples", "policy": "reservoir",
                          "capacity": 60, "type": "float32", "row_bytes": 8, "extra_bytes": 0, "slots": 60, "bad_count": 0,
                          "folder": FOLDER})
        self.assertEqual(sum(c["rows"] for c in report["classes"]), 60)
        self.assertEqual([c["column"] for c in report["classes"]], [0, 1, 2, 3])
        self.assertEqual(report["owner"], "replay/seed-0")
        words = self.run_program("memory", "show", FOLDER).stdout
        self.assertRegex(words, r"(?m)^memory      replay/samples, of replay/seed-0$")
        self.assertRegex(words, r"(?m)^classes     0: \d+, 1: \d+, 2: \d+, 3: \d+$")
        done = self.run_program("memory", "verify", FOLDER)
        self.assertEqual(done.stderr, f"perdure: {FOLDER}: all {report['versions']} versions of rows are whole\n")

    def test_lmdb_has_tools_of_its_own(self):
        if shutil.which("mdb_stat") is None:
            if os.environ.get("PERDURE_CI"):
                self.fail("found no mdb_stat; expected lmdb-utils")
            self.skipTest("no mdb_stat")
        self.trained()
        said = subprocess.run(["mdb_stat", "-e", self.path(FOLDER)], capture_output=True, text=True, check=True).stdout
        self.assertIn(f"Entries: {self.report()['versions'] + 1}\n", said)
        dump = subprocess.run(["mdb_dump", "-p", self.path(FOLDER)], capture_output=True, text=True, check=True).stdout
        self.assertIn('"schema":"perdure.memory/1"', dump)

    def test_flipped_bits_of_rows_are_named(self):
        path = self.trained()
        with open(path, "rb") as f:
            whole = f.read()
        rows = [m.start() - 8 for m in re.finditer(b"PMRO", whole)] # some lie in pages that are free again
        draw = random.Random(1)
        found = 0
        for _ in range(20):
            place = draw.choice(rows) + 8 + draw.randrange(48)
            with open(path, "r+b") as f:
                f.seek(place)
                f.write(bytes([whole[place] ^ 1 << draw.randrange(8)]))
            verified = self.run_program("memory", "verify", FOLDER, code=None)
            self.assertIn(verified.returncode, (0, 65), verified.stderr)
            if verified.returncode:
                found += 1
                self.assertRegex(verified.stderr, r"\Aperdure: .*samples: slot \d+, generation \d+: found .*\n"
                                                  r"perdure: error: .*: found 1 of \d+ versions of rows damaged; expected "
                                                  r"them whole\n\Z")
            with open(path, "wb") as f:
                f.write(whole)
        self.assertGreater(found, 2)

    def test_any_damage_ends_in_words(self):
        path = self.trained()
        with open(path, "rb") as f:
            whole = f.read()
        draw = random.Random(2)
        seen = set()
        for number in range(48):
            bad = bytearray(whole)
            if number % 4 == 0:
                bad = bad[:draw.randrange(len(whole) // 4096 + 1) * 4096 + draw.choice([0, 0, 100])]
            else:
                for _ in range(draw.choice([1, 8, 64])):
                    bad[draw.randrange(len(bad))] ^= 1 << draw.randrange(8)
            with open(path, "wb") as f:
                f.write(bad)
            for verb in ("verify", "show", "compact"):
                done = self.run_program("memory", verb, FOLDER, code=None)
                self.assertIn(done.returncode, (0, 65), done.stderr)
                self.assertEqual(done.returncode == 65, "perdure: error: " in done.stderr, done.stderr)
                seen.add((verb, done.returncode))
            self.assertEqual([n for n in os.listdir(self.path(FOLDER)) if n.endswith(".new")], [])
        self.assertIn(("verify", 65), seen)
        self.assertIn(("compact", 65), seen)

    def test_the_lock_file_may_be_missing_and_the_folder_others(self):
        self.trained()
        os.unlink(self.path(FOLDER, "lock.mdb"))
        self.run_program("memory", "verify", FOLDER)
        os.chmod(self.path(FOLDER), 0o500)
        self.run_program("memory", "verify", FOLDER)
        os.chmod(self.path(FOLDER), 0o700)

    def test_no_memory_is_no_crash(self):
        for folder in (".", "nowhere", "clouds.csv"):
            done = self.run_program("memory", "show", folder, code=66)
            self.assertEqual(done.stderr, f"perdure: error: {folder}: found no memory; expected a folder with a data.mdb\n"
                                          "hint: a run has them in cells/METHOD/seed-N/memory/STRATEGY/NAME\n")
        self.assertIn("expected one of: show, verify, compact", self.run_program("memory", "look", ".", code=64).stderr)

    def test_compact_is_refused_while_a_run_has_it(self):
        self.trained()
        held = os.open(self.path(FOLDER), os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        done = self.run_program("memory", "compact", FOLDER, code=73)
        self.assertEqual(done.stderr, f"perdure: error: {FOLDER}: found it in use by a run; expected nobody to have it open\n")
        os.close(held)
        self.run_program("memory", "compact", FOLDER)

    def test_a_run_goes_on_with_a_compacted_memory(self):
        self.sets += ["--set", "training.epochs=200", "--set", "output.checkpoint={every: {batches: 50}, keep: 2}"]
        self.run_program("run", "clouds.yaml", *self.sets, "--out", "runs/whole")
        run = self.start("run", "clouds.yaml", *self.sets, start_new_session=True)
        end = time.monotonic() + 60
        while time.monotonic() < end and run.poll() is None and not os.path.exists(self.path(CELL, "checkpoints/latest")):
            time.sleep(0.002)
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        self.assertEqual(run.returncode, -signal.SIGKILL)
        held = os.open(self.path(FOLDER), os.O_RDONLY) # its cell dies a moment later
        fcntl.flock(held, fcntl.LOCK_EX)
        os.close(held)
        before = self.report()
        after = self.report(verb="compact")
        self.assertEqual({k: v for k, v in before.items() if not k.endswith("bytes")},
                         {k: v for k, v in after.items() if not k.endswith("bytes")})
        self.assertLessEqual(after["file_bytes"], before["file_bytes"])
        said = self.run_program("run", "clouds.yaml", *self.sets).stderr
        self.assertIn("goes on from", said)
        results = [self.read_json(r, "cells/replay/seed-0/result.json")["weights_sha256"] for r in ("runs/clouds", "runs/whole")]
        self.assertEqual(results[0], results[1])


if __name__ == "__main__":
    unittest.main()
