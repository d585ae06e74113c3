#!/usr/bin/env python3
"""perdure doctor: a sound machine, and faults made on purpose, each told in its line with what to do."""
import glob
import json
import os
import pty
import re
import resource
import shutil
import subprocess
import tempfile
import time
import unittest

import jsonschema

from program import BUILD, PROGRAM, Case

SCHEMA = {
    "type": "object", "additionalProperties": False, "required": ["schema", "good", "findings"],
    "properties": {
        "schema": {"const": "perdure.doctor/1"}, "good": {"type": "boolean"},
        "findings": {"type": "array", "items": {
            "type": "object", "additionalProperties": False, "required": ["level", "section", "what", "found", "do"],
            "properties": {
                "level": {"enum": ["good", "warning", "bad"]},
                "section": {"enum": ["program", "LibTorch", "CUDA", "machine", "disks", "plugins", "data", "libraries"]},
                "what": {"type": "string", "minLength": 1}, "found": {"type": "string", "minLength": 1},
                "do": {"type": ["string", "null"]}}}}}}


class Doctor(Case):
    def doctor(self, code=0, before=None, cwd=None, **environment):
        done = subprocess.run([PROGRAM, "doctor", "--json"], cwd=cwd or self.folder.name, env=self.environment(**environment),
                              preexec_fn=before, capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        told = json.loads(done.stdout)
        jsonschema.validate(told, SCHEMA)
        self.assertEqual(told["good"], code == 0)
        for row in told["findings"]:
            self.assertEqual(row["do"] is None, row["level"] == "good", row)
        return told["findings"]

    def rows(self, findings, what):
        return [(row["level"], row["found"], row["do"]) for row in findings if row["what"] == what]

    def row(self, findings, what):
        rows = self.rows(findings, what)
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def test_all_lines_of_a_sound_machine(self):
        start = time.monotonic()
        findings = self.doctor()
        self.assertLess(time.monotonic() - start, 30)  # about one second on an idle machine
        for what in ("perdure", "build", "LibTorch", "OpenMP", "CUDA build", "CUDA driver", "processor", "memory", "open files",
                     "processes", "address space", "file size", "run folder", "data folder", "shared memory", "data sets", "LMDB"):
            self.assertEqual(len(self.rows(findings, what)), 1, what)
        self.assertEqual(self.row(findings, "LibTorch")[0], "good")
        self.assertEqual(self.row(findings, "OpenMP")[0], "good")
        self.assertTrue(any(re.match(r"replay \S+, ABI \d+\.\d+, /.*/replay\.so$", found)
                            for _, found, _ in self.rows(findings, "plugin")))
        self.assertIn("digits", self.row(findings, "data sets")[1])

    def test_the_words_are_the_rows(self):
        words = self.run_program("doctor").stdout
        lines = [line for line in words.splitlines() if not line.startswith(" ")]
        counts = re.fullmatch(r"(\d+) good, (\d+) warnings?, 0 bad", lines[-1])
        levels = [line.split()[0] for line in lines[:-1]]
        self.assertEqual([levels.count("good"), levels.count("warning")], [int(n) for n in counts.groups()])
        self.assertEqual(len(levels), len(self.doctor()))
        self.assertEqual(words.count("\n" + " " * 23 + "-> "), levels.count("warning"))

    def test_no_libtorch(self):
        findings = self.doctor(code=1, TORCH_ROOT="/nowhere")
        level, found, todo = self.row(findings, "LibTorch")
        self.assertEqual((level, todo), ("bad", "run scripts/setup, or set TORCH_ROOT to the folder that holds LibTorch's lib/"))
        self.assertIn("found no lib/libtorch_cpu.so in /nowhere", found)
        self.assertEqual(len(self.rows(findings, "CUDA driver")), 1)  # the rest is told all the same
        self.assertRegex(self.run_program("doctor", TORCH_ROOT="/nowhere", code=1).stdout, r"(?m)^bad +LibTorch .*\n +-> ")

    def test_a_libtorch_that_does_not_load(self):
        os.makedirs(self.path("torch", "lib"))
        self.write("torch/lib/libtorch_cpu.so", "no object at all")
        level, found, todo = self.row(self.doctor(code=1, TORCH_ROOT=self.path("torch")), "LibTorch")
        self.assertEqual(level, "bad")
        self.assertIn(f"{self.path('torch')}: LibTorch: found that ", found)
        self.assertTrue(todo)

    def shape(self, name):
        """tests/plugins/shape.so under another name, which says what is wrong with it."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        shutil.copy(os.path.join(BUILD, "tests", "plugins", "shape.so"), self.path(name))
        return self.path(name)

    def test_refused_plugins(self):
        self.shape("plugins/load_abort.so")
        self.shape("plugins/load_segv.so")
        self.write("plugins/broken.so", "no object at all")
        refused = {os.path.basename(found.split(":")[0]): (level, found, todo) for level, found, todo in
                   self.rows(self.doctor(PERDURE_PLUGIN_PATH=self.path("plugins") + ":/nowhere/at/all"), "plugin") if level != "good"}
        self.assertEqual(sorted(refused), ["broken.so", "load_abort.so", "load_segv.so"])
        self.assertIn('found a file that begins with "no objec"', refused["broken.so"][1])
        self.assertIn("killed by SIGABRT while it was loaded", refused["load_abort.so"][1])
        self.assertIn("it said: shape: no licence", refused["load_abort.so"][2])
        folders = self.rows(self.doctor(PERDURE_PLUGIN_PATH="/nowhere/at/all"), "plugin folder")
        self.assertEqual(folders[0], ("warning", "/nowhere/at/all",
                                      "it is not there: install the plugins, or correct PERDURE_PLUGIN_PATH"))

    def test_a_plugin_that_hides_another(self):
        first, second = self.shape("first/shape.so"), self.shape("second/shape.so")
        findings = self.doctor(PERDURE_PLUGIN_PATH=f"{self.path('first')}:{self.path('second')}")
        level, found, todo = next(row for row in self.rows(findings, "plugin") if row[1].startswith("shape "))
        self.assertEqual(level, "warning")
        self.assertIn(f"{first}, which hides {second}", found)
        self.assertEqual(todo, "the first folder that has it counts: take one of the files away")

    def test_two_openmp_run_times(self):
        other = self.shape("other/libiomp5.so")
        level, found, todo = self.row(self.doctor(LD_PRELOAD=other), "OpenMP")
        self.assertEqual(level, "warning")
        self.assertTrue(found.startswith("more than one run-time: "), found)
        self.assertIn(other, found)
        self.assertIn("LD_PRELOAD", todo)

    def test_a_foreign_openmp_run_time(self):
        system = [path for path in glob.glob("/usr/lib/*/libgomp.so.1") if os.uname().machine in path]
        own = os.path.join(os.environ["TORCH_ROOT"], "lib", "libgomp.so.1")
        if not system or not os.path.exists(own):
            self.skipTest("found no libgomp.so.1 beside LibTorch's own")
        level, found, todo = self.row(self.doctor(LD_PRELOAD=system[0]), "OpenMP")
        self.assertEqual(level, "warning")
        self.assertRegex(found, r"libgomp\.so\.1[.0-9]*, not the one that LibTorch brings$")
        self.assertEqual(todo, "LibTorch was not tested with it: take it out of LD_PRELOAD and LD_LIBRARY_PATH")

    # ---- CUDA, by libraries that only tell a version ----

    def stub(self, name):
        return os.path.join(BUILD, "tests", "stubs", name)

    def driver(self, code=1, **environment):
        return self.doctor(code=code, LD_LIBRARY_PATH=self.stub(""), **environment)

    def built_for(self, what):
        """The version of CUDA or cuDNN that this LibTorch names, or a skip."""
        found = re.search(r"for CUDA (\d+)\.(\d+)", self.row(self.doctor(), "CUDA build")[1])
        if not found:
            self.skipTest(f"found a LibTorch that names no {what}")
        return int(found[1]), int(found[2])

    def test_a_gpu_that_libtorch_cannot_use(self):
        findings = self.driver(STUB_DRIVER="99000", STUB_GPUS="2")
        self.assertEqual(self.row(findings, "CUDA driver")[0], "good")
        self.assertRegex(self.row(findings, "CUDA driver")[1], r"^CUDA 99\.0")
        gpus = self.rows(findings, "GPU")
        self.assertEqual((gpus[0][0], gpus[0][1].split(":")[:2]), ("bad", ["cuda", "0"]))
        self.assertEqual([row[:2] for row in gpus[1:]], [("good", "cuda:0 Stub 0, capability 9.0, 80.0 GiB"),
                                                         ("good", "cuda:1 Stub 1, capability 9.1, 80.0 GiB")])
        self.assertEqual(self.row(findings, "LibTorch")[0], "good")  # the CPU half works all the same

    def test_a_driver_older_than_the_runtime(self):
        major, minor = self.built_for("CUDA")
        level, found, todo = self.row(self.driver(STUB_DRIVER=str((major - 1) * 1000)), "CUDA driver")
        self.assertEqual((level, todo), ("bad", "install a newer driver, or use a LibTorch for this CUDA"))
        self.assertRegex(found, rf"^CUDA {major - 1}\.0.*, older than the CUDA runtime$")
        self.assertEqual(self.row(self.driver(STUB_DRIVER=str(major * 1000 + minor * 10)), "CUDA driver")[0], "good")

    def test_a_driver_without_a_gpu(self):
        findings = self.driver(code=0, STUB_DRIVER="99000", STUB_GPUS="0")
        self.assertEqual(self.row(findings, "GPU"), ("warning", "the driver shows none", "is CUDA_VISIBLE_DEVICES set to nothing?"))

    def test_a_driver_that_crashes(self):
        self.assertEqual(self.rows(self.driver(code=0, STUB_DRIVER="-1"), "GPU"), [])

    def test_libraries_of_another_version(self):
        major, minor = self.built_for("CUDA")
        stub = self.stub("libcudart.so.0")
        for version, level in (((major - 1) * 1000, "bad"), (major * 1000 + minor * 10, "good")):
            found = self.row(self.doctor(code=1 if level == "bad" else 0, LD_PRELOAD=stub, STUB_VERSION=str(version)), "CUDA runtime")
            self.assertEqual(found[0], level)
            self.assertEqual(found[1], f"{version // 1000}.{version % 1000 // 10} in {stub}; LibTorch was built for {major}.{minor}")
        stub = self.stub("libcudnn.so.9")
        for version, words in ((8902, "8.9.2"), (100100, "10.1.0")):
            found = self.row(self.doctor(code=1, LD_PRELOAD=stub, STUB_VERSION=str(version)), "cuDNN")
            self.assertEqual(found[0], "bad")
            self.assertRegex(found[1], rf"^{words} in {stub}; LibTorch was built for \d+\.")
        stub = self.stub("libnccl.so.2")
        self.assertEqual(self.row(self.doctor(LD_PRELOAD=stub), "NCCL"),
                         ("warning", f"2.28.9 in {stub}", "LibTorch's own is hidden: take the other one out of LD_LIBRARY_PATH and LD_PRELOAD"))

    def test_small_limits(self):
        def limits():
            resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
            resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
        findings = self.doctor(before=limits)
        self.assertEqual(self.row(findings, "open files"), ("warning", "100 at most", "ulimit -n 1024"))
        self.assertEqual(self.row(findings, "file size"), ("warning", "1.0 GiB at most", "ulimit -f unlimited: checkpoints may be large"))
        self.assertEqual(self.row(findings, "address space")[:2], ("warning", "12.0 GiB at most"))

    def test_a_limit_that_libtorch_does_not_fit_into(self):
        def limits():
            resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))
        findings = self.doctor(code=1, before=limits)
        self.assertEqual(self.row(findings, "LibTorch")[0], "bad")
        self.assertEqual(self.row(findings, "address space")[0], "warning")

    def test_places(self):
        level, found, todo = self.row(self.doctor(PERDURE_DATA="/nowhere"), "data folder")
        self.assertEqual((level, found, todo), ("warning", "/nowhere: it is not there",
                                                "set PERDURE_DATA, or bring a set in with 'perdure data fetch'"))
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            level, found, todo = self.row(self.doctor(cwd=folder), "run folder")
            self.assertEqual(level, "warning")
            self.assertRegex(found, rf"^{folder}/runs \(not there yet\), tmpfs, [0-9.]+ of [0-9.]+ GiB free$")
            self.assertIn(todo, ("it is in memory and gone with the machine: take a folder on a disk for runs that matter",
                                 "less than 1 GiB is free: make room, or take another folder"))

    def test_colours_on_a_terminal_that_wants_them(self):
        for environment, coloured in (({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False),
                                      ({"TERM": "dumb"}, False), ({"TERM": "xterm", "NO_COLOR": ""}, True)):
            clean = self.environment(TORCH_ROOT="/nowhere", **environment)
            if "NO_COLOR" not in environment:
                clean.pop("NO_COLOR", None)
            master, slave = pty.openpty()
            with subprocess.Popen([PROGRAM, "doctor"], env=clean, cwd=self.folder.name, stdout=slave, stdin=slave) as going:
                os.close(slave)
                words = b""
                try:
                    while more := os.read(master, 65536):
                        words += more
                except OSError:
                    pass  # the terminal's other end is closed
                os.close(master)
                self.assertEqual(going.wait(), 1)
            self.assertEqual(b"\033[31mbad" in words, coloured, environment)
            self.assertEqual(b"\033" in words, coloured, environment)
        self.assertNotIn("\033", self.run_program("doctor", TERM="xterm").stdout)


if __name__ == "__main__":
    unittest.main()
