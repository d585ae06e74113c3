"""bench/README.md says what bench/results do; bench/all keeps what benchmarks come to, and what it refuses."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from scripts import SOURCE, script

tables, everything = script("tables"), script("all")
ABOUT = {"commit": "0123456789abcdef", "engine": {"torch": "2.11.0", "cpu": "AVX2"},
         "machine": {"processor": "Some CPU", "usable_cores": 2, "memory_bytes": 2**34, "system": "Linux 6.1"}}


def spread(median, n=3):
    return {"min": median / 2, "median": median, "max": median * 2, "n": n}


class Tables(unittest.TestCase):
    def test_the_readme_says_what_the_results_do(self):
        done = subprocess.run([sys.executable, "-B", SOURCE + "/bench/tables", "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr + "expected it to be written by bench/tables")

    def test_records_with_columns_in_common_are_one_table(self):
        figures = {"pairs": 3, "W1": {"ratio": spread(1.5), "target": 1.08, "met": True}, "W2": {"ratio": spread(1500, 1), "target": 2}}
        self.assertEqual(tables.tables(figures), ["", "|  | ratio | target | met |", "|---|---|---|---|",
                                                  "| W1 | 1.5 (0.75 to 3) | 1.08 | yes |", "| W2 | 1500 | 2 |  |"])

    def test_sizes_are_rows(self):
        figures = {"memories": {"of": "rows", "sizes": [{"size": n, "us": spread(n)} for n in (2, 20)]}}
        self.assertEqual(tables.tables(figures)[3:], ["| memories, 2 | 2 (1 to 4) |", "| memories, 20 | 20 (10 to 40) |"])

    def test_records_that_are_not_alike_are_tables_of_their_own(self):
        figures = {"a": {"x": spread(1), "y": spread(2), "z": spread(3)}, "b": {"v": spread(1), "w": spread(1), "z": spread(1)}, "c": {"x": spread(4, 1)}}
        self.assertEqual([line for line in tables.tables(figures) if line.startswith("|  |")], ["|  | x | y | z |", "|  | v | w | z |"])
        self.assertEqual(tables.tables(figures)[4], "| c | 4 |  |  |")

    def test_a_section_names_machine_commit_and_command(self):
        with tempfile.TemporaryDirectory() as folder:
            result = {"schema": everything.SCHEMA, "bench": "whole", "command": ["bench/whole", "--pairs", "3"], "date": "2026-01-02",
                      "seconds": 9, "load_before": 0.25, "figures": {"W1": {"wall": spread(2)}}, **ABOUT}
            with open(folder + "/whole.json", "w", encoding="utf-8") as f:
                json.dump(result, f)
            words = tables.written(f"a\n{tables.BEGIN}\nold\n{tables.END}\nb\n", folder)
        self.assertIn("Some CPU, 2 cores, 16 GiB, Linux 6.1; LibTorch 2.11.0 (AVX2); commit 0123456789ab, 2026-01-02; load 0.25 before, 9 s: "
                      "`bench/whole --pairs 3`", words)
        self.assertIn("| W1 | 2 (1 to 4) |", words)
        self.assertNotIn("old", words)
        self.assertTrue(words.startswith("a\n") and words.endswith("\nb\n"))

    def test_a_readme_without_marks_is_refused(self):
        with self.assertRaises(SystemExit):
            tables.written("no marks", SOURCE + "/bench/results")

    def test_figures_are_not_taken_away_for_a_folder_without_results(self):
        with self.assertRaises(SystemExit) as end:
            tables.written(f"{tables.BEGIN}\nfigures\n{tables.END}\n", "/nowhere")
        self.assertEqual(end.exception.code, "/nowhere: found no results; expected those of bench/all")


class All(unittest.TestCase):
    def run_all(self, *words):
        return subprocess.run([sys.executable, "-B", SOURCE + "/bench/all", *words], capture_output=True, text=True, check=False)

    def test_every_script_of_the_folder_is_in_it(self):
        folder = SOURCE + "/bench"
        scripts = {name for name in os.listdir(folder) if os.access(f"{folder}/{name}", os.X_OK) and os.path.isfile(f"{folder}/{name}")}
        self.assertEqual(scripts - set(everything.BENCHES) - {"all", "tables", "engine_pairs", "fisher_pairs"}, set())

    def test_the_list_tells_time_and_words_and_runs_nothing(self):
        done = self.run_all("--list", "--only", "whole", "growth", "--peer", "Other=true")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"all: 2 benchmarks, about \d+ minutes")
        self.assertRegex(done.stdout, r"whole +17\.0 min  --build build/release --pairs 3 --peer Other=true\n")
        self.assertNotIn("--peer", done.stdout.splitlines()[1])

    def test_refusals(self):
        self.assertEqual(self.run_all("--only", "nothing").returncode, 64)
        done = self.run_all("--build", "/nowhere")
        self.assertEqual(done.returncode, 69)
        self.assertIn("found no /nowhere/bin/perdure; expected a build with -DPERDURE_BENCH=ON", done.stderr)

    def test_a_busy_machine_is_refused_unless_it_is_meant(self):
        with mock.patch("os.getloadavg", return_value=(99.0, 0, 0)):
            with self.assertRaises(SystemExit) as end:
                everything.busy(mock.Mock(busy=False))
            self.assertEqual(end.exception.code, 75)
            everything.busy(mock.Mock(busy=True))

    def test_commands_of_other_programs_are_named_and_not_told(self):
        secret = ["--peer", "Their own=/secret/python --x=1", "--pairs", "1"]
        self.assertEqual(everything.shown(["bench/whole", *secret]), ["bench/whole", "--peer", "Their own=...", "--pairs", "1"])
        self.assertEqual(everything.shown(["bench/sweep", *secret]), ["bench/sweep", "--peer", "Their own=...", "--pairs", "1"])
        words, why = self.kept("""echo '{}' > "$4" """, "--peer", "Other=/secret/python x")
        self.assertIsNone(why)
        self.assertNotIn("secret", words)

    def kept(self, lines, *more):
        """What is kept of a benchmark that is these lines of shell, the last word being its --json file; and why it failed."""
        with tempfile.TemporaryDirectory() as folder:
            with open(folder + "/it.json", "w", encoding="utf-8") as f:
                f.write("earlier")
            why = everything.one(mock.Mock(results=folder), "it", ["/bin/sh", "-c", lines, "sh", *more], 1, ABOUT)
            with open(folder + "/it.json", encoding="utf-8") as f:
                return f.read(), why

    def test_figures_are_kept_with_where_they_come_from(self):
        words, why = self.kept("""echo '{"machine": 1, "a": {"min": 1}}' > "$2" """)
        kept = json.loads(words)
        self.assertIsNone(why)
        self.assertEqual(kept["figures"], {"a": {"min": 1}})
        self.assertEqual({key: kept[key] for key in ABOUT}, ABOUT)
        self.assertEqual((kept["schema"], kept["bench"]), ("perdure.bench.result/1", "it"))

    def test_one_that_fails_leaves_the_earlier_result(self):
        self.assertEqual(self.kept("exit 3"), ("earlier", "exit 3"))


if __name__ == "__main__":
    unittest.main()
