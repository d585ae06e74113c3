#!/usr/bin/env python3
"""Tests against a baseline from end to end: summary.json beside scipy, marks in the tables, and LaTeX that is well formed."""
import json
import math
import os
import random
import re
import shutil
import subprocess
import tempfile
import unittest

from program import SCENARIO, Case

# Clouds that lie over each other, so that seeds differ.
NOISY = (SCENARIO.replace("seeds: [0, 1]", "seeds: [0, 1, 2, 3, 4]").replace("hidden: [8]", "hidden: [16]")
         .replace("  - name: joint\n", "  - {name: replay, strategies: [replay: {capacity: 40}]}\n  - {name: same}\n  - name: joint\n"))
METRICS = "  metrics: [acc.macro, bwt.gem, forgetting.first_last]\n"
BASELINE = "evaluation:\n  baseline: finetune\n" + METRICS


def noisy_csv():
    draw, lines = random.Random(3), []
    for i in range(600):
        x, y = (i % 2) * 4 - 2, (i % 4 // 2) * 4 - 2
        lines.append(f"{draw.gauss(x, 1.3):.3f},{draw.gauss(y, 1.3):.3f},{i % 4}")
    return "\n".join(lines) + "\n"


def holm(p):
    order, out, highest = sorted(range(len(p)), key=p.__getitem__), [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, p[i] * (len(p) - rank)))
        out[i] = highest
    return out


def latex_faults(words):
    """What a compiler would trip over in tables: braces, dollars, cells of a row, letters outside of ASCII."""
    faults, depth = [], 0
    bare = re.sub(r"\\[\\{}$&#%_]", "", re.sub(r"(?m)(?<!\\)%.*$", "", words))
    for c in bare:
        depth += (c == "{") - (c == "}")
        if depth < 0:
            faults.append("a brace closes what was never opened")
            break
    if depth > 0:
        faults.append(f"{depth} braces stay open")
    if bare.count("$") % 2:
        faults.append("an odd number of dollars")
    faults += [f"{c!r} outside of ASCII" for c in set(words) if ord(c) > 126]
    faults += [f"a bare {c}" for c in "#^_" if c in re.sub(r"\$[^$]*\$|\\label\{[^}]*\}", "", bare)]
    for spec, rows in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", words, re.S):
        for row in re.findall(r"(?m)^(.*?) \\\\$", rows):
            cells = len(re.split(r"(?<!\\)&", row))
            if cells != len(spec):
                faults.append(f"{cells} cells for {len(spec)} columns: {row}")
    for name in set(re.findall(r"\\(?:begin|end)\{(\w+)\}", words)):
        if words.count(f"\\begin{{{name}}}") != words.count(f"\\end{{{name}}}"):
            faults.append(f"{name} begins and ends unlike often")
    return faults


class Statistics(Case):
    kept = None  # the 20 cells, trained once: every test begins with a copy

    def setUp(self):
        super().setUp()
        self.write("clouds.csv", noisy_csv())
        self.write("clouds.yaml", NOISY + BASELINE)
        if Statistics.kept is None:
            self.run_program("run", "clouds.yaml")
            Statistics.kept = tempfile.TemporaryDirectory(prefix="perdure-statistics-")
            self.addClassCleanup(Statistics.kept.cleanup)
            shutil.copytree(self.path("runs"), os.path.join(Statistics.kept.name, "runs"))
        else:
            shutil.copytree(os.path.join(Statistics.kept.name, "runs"), self.path("runs"))

    def summary(self):
        return self.read_json("runs/clouds/summary.json")

    def test_comparisons_are_those_of_scipy(self):
        try:
            from scipy import stats
        except ImportError:
            if os.environ.get("PERDURE_CI") == "1":
                raise
            self.skipTest("found no Python module scipy; expected it (scripts/setup ci)")
        told = self.summary()
        self.assertEqual(told["baseline"], "finetune")
        methods = {m["name"]: m["metrics"] for m in told["methods"]}
        tested = {}
        for row in told["comparisons"]:
            ours, base = (methods[name][row["metric"]]["values"] for name in (row["method"], "finetune"))
            self.assertEqual(row["n"], 5)
            self.assertAlmostEqual(row["mean_difference"], sum(ours) / 5 - sum(base) / 5, delta=1e-14)
            if row["method"] == "same":
                self.assertEqual((row["verdict"], row["p"], row["significant"]), ("the same", None, False))
                continue
            test = stats.ttest_rel(ours, base)
            low, high = test.confidence_interval(0.95)
            for key, expected in (("t", test.statistic), ("p", test.pvalue), ("df", test.df)):
                self.assertTrue(math.isclose(row[key], expected, rel_tol=1e-9), (key, row, expected))
            self.assertTrue(math.isclose(row["ci95"][0], low, rel_tol=1e-9) and math.isclose(row["ci95"][1], high, rel_tol=1e-9))
            self.assertTrue(math.isclose(row["effect"], row["t"] / math.sqrt(5), rel_tol=1e-9))
            tested.setdefault(row["metric"], []).append(row)
        self.assertEqual(sorted(tested), ["acc.macro", "bwt.gem", "forgetting.first_last"])
        self.assertEqual([len(rows) for rows in tested.values()], [2, 1, 1])  # joint has no forgetting
        for rows in tested.values():
            for row, p in zip(rows, holm([row["p"] for row in rows])):
                self.assertTrue(math.isclose(row["p_holm"], p, rel_tol=1e-12))
                higher = row["metric"] != "forgetting.first_last"
                words = "not significant" if p >= 0.05 else "better" if (row["mean_difference"] > 0) == higher else "worse"
                self.assertEqual((row["verdict"], row["significant"]), (words, p < 0.05))
        of_metric = methods["finetune"]["acc.macro"]
        reach = stats.t.ppf(0.975, 4) * of_metric["sem"]
        self.assertTrue(math.isclose(of_metric["ci95"], reach, rel_tol=1e-9))

    def test_tables_say_what_is_significant(self):
        done = self.run_program("run", "clouds.yaml", COLUMNS="140")
        self.assertRegex(done.stdout, r"(?m)^joint +0\.\d{4} \+- 0\.\d{4} \* ")
        self.assertRegex(done.stdout, r"(?m)^same +0\.\d{4} \+- 0\.\d{4} = ")
        self.assertIn("\n* better, ! worse than finetune: paired t-test over seeds (n = 5), two-sided, Holm's correction over the "
                      "methods of one metric, p < 0.05\n= the same in every seed\n", done.stdout)
        self.assertEqual(self.run_program("report", "runs/clouds", COLUMNS="140").stdout, done.stdout)
        markdown = self.run_program("report", "runs/clouds", "--markdown").stdout
        self.assertRegex(markdown, r"(?m)^\| joint \| \d\.\d{4} ± \d\.\d{4} \\\* \| - \| - \|")  # measured by, not measured
        self.assertRegex(markdown, r"(?m)^\| joint \| acc\.macro \| \+0\.\d{4} \| \[.*\] \| .* \| 5 \| better \|$")

    def test_another_baseline_trains_nothing(self):
        done = self.run_program("run", "clouds.yaml", "--set", "evaluation.baseline=joint")
        self.assertIn("20 of 20 cells are finished already", done.stderr)
        self.assertIn(" worse than joint: ", done.stdout)
        self.assertEqual({row["metric"] for row in self.summary()["comparisons"]}, {"acc.macro"})
        self.write("clouds.yaml", NOISY + "evaluation:\n" + METRICS)
        done = self.run_program("run", "clouds.yaml")
        self.assertNotIn("better", done.stdout)
        self.assertEqual((self.summary()["baseline"], self.summary()["comparisons"]), (None, []))

    def test_few_seeds_are_said_to_be_few(self):
        two = self.run_program("run", "clouds.yaml", "--set", "seeds=[0, 1]", COLUMNS="140").stdout
        self.assertRegex(two, r"(?m)^joint +0\.\d{4} \+- 0\.\d{4} \? ")
        self.assertIn("\n? too few seeds to say (n < 3); = the same in every seed\n", two)
        self.assertEqual({row["verdict"] for row in self.summary()["comparisons"]}, {"too few seeds", "the same"})
        four = self.run_program("run", "clouds.yaml", "--set", "seeds=[0, 1, 2, 3]").stdout
        self.assertIn("few seeds (n < 5): only large differences can be told\n", four)

    def test_missing_seeds_are_left_out_of_pairs(self):
        shutil.rmtree(self.path("runs/clouds/cells/replay/seed-3"))
        os.makedirs(self.path("runs/clouds/cells/replay/seed-3/matrix.csv"))  # this cell cannot be written
        self.run_program("run", "clouds.yaml", code=1)
        told = {(row["method"], row["metric"]): row["n"] for row in self.summary()["comparisons"]}
        self.assertEqual((told["replay", "acc.macro"], told["joint", "acc.macro"]), (4, 5))

    def test_check_shows_the_baseline(self):
        self.assertIn("\nbaseline   finetune: the others are tested against it, seed by seed\n", self.run_program("check", "clouds.yaml").stdout)
        self.assertEqual(json.loads(self.run_program("check", "clouds.yaml", "--json").stdout)["plan"]["baseline"], "finetune")

    def test_latex_is_well_formed(self):
        path = "runs/clouds/summary.json"
        told = self.summary()
        told["name"] = "50%_of #all & {more} \\ $x^2$ ~|<>"
        told["methods"][0]["name"] = told["baseline"] = "fine_tune--{x}"
        self.write(path, json.dumps(told))
        words = self.run_program("report", "runs/clouds", "--latex").stdout
        self.assertEqual(latex_faults(words), [], words)
        self.assertEqual(words.count("\\begin{table}"), 2)
        self.assertRegex(words, r"(?m)^    joint & \$\d\.\d{4} \\pm \d\.\d{4}\$\\rlap\{\$\^\{\*\}\$\} & - & - \\\\$")
        self.assertTrue(latex_faults(words.replace("\\_", "_", 1)) and latex_faults(words.replace(" & ", " ", 1)))
        if shutil.which("pdflatex"):
            self.write("paper.tex", "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n" + words + "\\end{document}\n")
            made = subprocess.run(["pdflatex", "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
                                  cwd=self.folder.name, env=self.environment(HOME=self.folder.name), capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(made.returncode, 0, made.stdout[-3000:])


if __name__ == "__main__":
    unittest.main()
