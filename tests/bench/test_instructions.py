"""bench/instructions: what it reads of callgrind, what it takes for a change, and its refusals. The count itself is a check of .ci/run."""
import copy
import json
import os
import subprocess
import sys
import tempfile
import unittest

from scripts import SOURCE, script

instructions = script("instructions")
BUILD = os.environ["PERDURE_BUILD_DIR"]
# As valgrind 3.19 writes it: names once, then numbers; the line behind "calls=" is the callee's cost.
DUMP = """# callgrind format
version: 1
creator: callgrind-3.19.0
desc: Trigger: Client Request: short/finetune
positions: line
events: Ir
summary: 1000

ob=(1) /b/bench/counted
fl=(1) /s/core/train/loop.c
fn=(1) loop_batch
+3 10
fi=(2) /s/core/base/clock.h
9 5
cob=(2) /b/lib/libperdure_engine.so
cfi=(3) /s/core/engine/descend.c
cfn=(2) descend'2
calls=4 7
* 500

ob=(2)
fl=(3)
fn=(2)
7 400
cob=(3) /t/lib/libtorch_cpu.so
cfn=(3) sgemm
calls=1 0
-2 90

ob=(3)
fn=(3)
0 90
ob=(4) /b/lib/perdure/plugins/1/ewc.so
fn=(4) after_update
1 3
totals: 508
"""


def read(words):
    with tempfile.NamedTemporaryFile("w", suffix=".1") as f:
        f.write(words)
        f.flush()
        return instructions.costs(f.name)


class Counts(unittest.TestCase):
    def test_own_objects_count_and_callees_only_once(self):
        found, name = read(DUMP)
        self.assertEqual(name, "short/finetune")
        self.assertEqual(sum(found.values()), 508)
        self.assertEqual(instructions.own(found, "/b"),
                         {"program": {"loop_batch": 15}, "engine": {"descend": 400}, "ewc": {"after_update": 3}})

    def test_a_step_is_the_difference_by_the_steps(self):
        less = instructions.own(read(DUMP)[0], "/b")
        more = instructions.own(read(DUMP.replace("7 400", "7 2400").replace("+3 10", "+3 60"))[0], "/b")
        figure = instructions.figure(instructions.difference(more, less, 10))
        self.assertEqual(figure, {"instructions": 205, "parts": {"engine": 200, "program": 5},
                                  "functions": {"engine: descend": 200, "program: loop_batch": 5}})


class Comparisons(unittest.TestCase):
    kept = {"step": {"instructions": 1000, "parts": {}, "functions": {"engine: a": 700, "program: b": 300}}}

    def with_count(self, count):
        now = copy.deepcopy(self.kept)
        now["step"]["instructions"], now["step"]["functions"]["program: b"] = count, count - 700
        return instructions.compare(now, self.kept, 0.01)

    def test_more_and_less_beyond_the_tolerance_are_told_with_who_it_was(self):
        self.assertEqual(self.with_count(1011), ["step: found 1011 instructions; expected 1000 +- 1 % (+1.1 %)",
                                                 "    +11 program: b (300 before)"])
        self.assertEqual(self.with_count(980), ["step: found 980 instructions; expected 1000 +- 1 % (-2.0 %)",
                                                "    -20 program: b (300 before)"])

    def test_within_the_tolerance_nothing_is_told(self):
        for count in (1000, 1010, 990):
            self.assertEqual(self.with_count(count), [])

    def test_work_without_a_kept_figure_is_told_and_kept_figures_without_work(self):
        self.assertIn("found no kept figure", instructions.compare(self.kept, {}, 0.01)[0])
        self.assertIn("found no figure", instructions.compare({}, self.kept, 0.01)[0])


class Kept(unittest.TestCase):
    def test_every_piece_of_work_has_a_kept_figure(self):
        with open(SOURCE + "/bench/results/instructions.json", encoding="utf-8") as f:
            kept = json.load(f)
        pieces = {f"step of {m}" for m in instructions.METHODS} | {"evaluation of five tasks"} | set(instructions.CALLS.values())
        self.assertEqual(set(kept["figures"]), pieces)
        self.assertEqual((kept["schema"], kept["tolerance"]), (instructions.SCHEMA, instructions.TOLERANCE))
        for figure in kept["figures"].values():
            self.assertGreater(figure["instructions"], 1000)


class Refusals(unittest.TestCase):
    def refused(self, code, *words, path=os.environ["PATH"]):
        done = subprocess.run([sys.executable, "-B", SOURCE + "/bench/instructions", *words], capture_output=True, text=True, check=False,
                              env=dict(os.environ, PATH=path))
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def test_words_that_are_not_known(self):
        self.assertIn("unrecognized arguments: --nothing", self.refused(64, "--nothing"))

    def test_a_machine_without_valgrind(self):
        self.assertIn("found no valgrind; expected Debian's package valgrind", self.refused(69, path="/nowhere"))

    def test_a_build_without_the_benchmarks_or_stripped(self):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as tools:
            os.symlink("/bin/true", tools + "/valgrind")
            self.assertIn("/bench/counted; expected a build with -DPERDURE_BENCH=ON", self.refused(69, "--build", folder, path=tools))
            for name in ("bench/counted", "lib/libperdure_engine.so"):
                os.makedirs(os.path.dirname(f"{folder}/{name}"))
                with open(f"{folder}/{name}", "wb") as f:
                    f.write(b"\177ELF")
            self.assertIn("bench/counted: found no debug information; expected a build that is not stripped (-g)",
                          self.refused(69, "--build", folder, path=tools))

    def test_figures_that_are_damaged_or_of_another_compiler(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
            f.write('{"schema": "perdure.bench.instructions/9"}')
            f.flush()
            with self.assertRaises(SystemExit) as end:
                instructions.kept_read(f.name, {})
            self.assertEqual(end.exception.code, 65)
        with self.assertRaises(SystemExit) as end:
            instructions.kept_read(instructions.KEPT, {"compiler": "Clang 14.0.6, Release"})
        self.assertEqual(end.exception.code, 69)

    def test_the_build_says_its_compiler(self):
        self.assertRegex(instructions.compiler(BUILD), r"^(GNU|Clang) \d+\.\d+\.\d+, \w+$")


if __name__ == "__main__":
    unittest.main()
