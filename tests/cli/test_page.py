#!/usr/bin/env python3
"""report.html out of made-up results: that it is whole, valid, small, escaped, and says what there is."""
import html.parser
import json
import os
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree

import made_up
from program import Case

VOID = {"meta", "input", "br", "wbr", "link", "img"}
HOSTILE = ["<script>alert(1)</script>", "\"><svg onload=x>", "a & b 'c' \"d\"", "x" * 300, "Ünï©ødé 漢字 \u202edlo", "</title></style>",
           "-->", "&lt;", "new\nline\ttab"]


class Elements(html.parser.HTMLParser):
    """That elements close in the order in which they opened, and what there is of them."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.names, self.words, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        found = self.open.pop() if self.open else "nothing"
        if found != tag:
            raise AssertionError(f"</{tag}> at {self.getpos()}: found <{found}> open")

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words.append(data)


class Page(Case):
    def page(self, **run):
        made_up.run(self.path("run"), **run)
        return self.report()

    def report(self):
        done = self.run_program("report", "run", "--html")
        self.assertEqual(done.stdout, "run/report.html\n")
        self.assertEqual(done.stderr, "")
        with open(self.path("run/report.html"), encoding="utf-8") as f:
            return f.read()

    def compared(self):
        """A run with tests against a baseline, and with a network that says otherwise than its strategy."""
        summary = made_up.run(self.path("run"), methods=("finetune", "ewc", "replay"), seeds=3, tasks=3)
        common = {"metric": "acc.macro", "n": 3, "mean_difference": 0.41, "sd": 0.01, "t": 71.0, "df": 2, "p": 0.00002, "p_holm": 0.00004,
                  "effect": 41.0, "ci95": [0.38, 0.44]}
        summary["methods"][2]["metrics_network"] = summary["methods"][1]["metrics"]
        summary["baseline"] = "finetune"
        summary["comparisons"] = [dict(common, method="replay", significant=True, verdict="better"),
                                  dict(common, method="ewc", significant=False, verdict="not significant", p=0.3, p_holm=0.3)]
        summary["test"] = {"name": "paired t-test", "sides": 2, "correction": "Holm", "family": "the methods of one metric", "level": 0.05,
                           "n_least": 3, "n_few": 5}
        self.write("run/summary.json", json.dumps(summary))

    def parsed(self, page):
        elements = Elements()
        elements.feed(page)
        elements.close()
        self.assertEqual(elements.open, [])
        return elements

    def lacks(self, page, pattern):
        """assertNotRegex without the whole page in its message."""
        found = re.search(pattern, page)
        self.assertFalse(found, found and page[max(0, found.start() - 100):found.end() + 100])

    def has(self, page, words):
        self.assertTrue(words in page, f"found no {words!r}")

    def checked(self, page):
        """Valid by itself: elements nest, every drawing is XML, no reference leads anywhere but within."""
        elements = self.parsed(page)
        for drawing in re.findall(r"<svg.*?</svg>", page, re.S):
            xml.etree.ElementTree.fromstring(drawing)
        self.assertEqual(elements.names.count("script"), 1)
        self.assertFalse([a for a in elements.attributes if a[1].startswith("on") or a[1] == "style"])
        ids = [a[2] for a in elements.attributes if a[1] == "id"]
        self.assertEqual(len(ids), len(set(ids)))
        for tag, name, value in elements.attributes:
            if name in ("href", "src", "xlink:href", "action"):
                self.assertIn(value.lstrip("#"), ids, f"{tag} {name}={value}")
                self.assertTrue(value.startswith("#"))
        self.lacks(page, r"https?://|//[a-z]+\.[a-z]|@import|url\(")
        self.lacks(page, r'="-?(nan|inf)|[ML ]-?nan["L ]')
        self.lacks(" ".join(elements.words).lower().replace("found a loss of nan", ""), r"\b(nan|inf)\b")
        return elements

    def test_thirty_cells(self):
        page = self.page(tasks=10)
        elements = self.checked(page)
        self.assertLess(len(page.encode()), 2_000_000)
        self.assertEqual(page.count('class="map"'), 6 + 30)
        for heading in ("Results", "Accuracy over training", "Accuracy matrix", "Forgetting by task", "Cost", "Gates",
                        "Where this comes from"):
            self.assertIn(heading, elements.words)
        words = "".join(elements.words)
        self.has(words, "30 cells finished")
        self.has(words, "1 gate holds")
        self.has(words, "1 gate does not hold")
        self.has(words, "1 gate not decided")
        self.has(words, "joint, which trains on all tasks at once, reaches")
        self.has(words, "of finetune.")
        self.has(words, "name: split-mnist\nmethods:\n  - name: finetune")

    def test_numbers_are_those_of_the_files(self):
        page = self.page(methods=("finetune", "replay"), seeds=2, tasks=3)
        words = "".join(self.checked(page).words)
        summary = self.read_json("run/summary.json")
        for method in summary["methods"]:
            for metric in method["metrics"].values():
                shown = f"{abs(metric['mean']):.4f} ± {metric['sem']:.4f}"
                self.has(words.replace("\u00a0", " "), shown)
            for seed in (0, 1):
                result = self.read_json("run/cells", method["name"], f"seed-{seed}", "result.json")
                for after, row in enumerate(result["matrix"]):
                    for on, value in enumerate(row, 1):
                        self.has(page, f"<title>after {after}, on task {on}: {value:.4f}</title>")

    def test_the_same_run_gives_the_same_page(self):
        self.assertEqual(self.page(seeds=2), self.report())

    def test_what_trains_on_all_at_once_is_a_level(self):
        self.page(methods=("finetune", "joint"), seeds=2, tasks=3)
        for seed in (0, 1):
            result = self.read_json(f"run/cells/joint/seed-{seed}/result.json")
            result["matrix"][1] = result["matrix"][2] = [None] * 3
            self.write(f"run/cells/joint/seed-{seed}/result.json", json.dumps(result))
            os.remove(self.path(f"run/cells/joint/seed-{seed}/log.jsonl"))
        page = self.report()
        words = "".join(self.checked(page).words)
        self.has(words, "Measured at the end alone, and not drawn: joint.")
        self.assertRegex(re.search(r'data-name="joint" d="([^"]*)"', page)[1], r"^M34 ([\d.]+)L870 \1$")
        self.assertEqual(page.count('data-name="task 1"'), 1)

    def test_points_within_tasks_are_drawn(self):
        few, many = self.page(seeds=2, tasks=3), self.page(seeds=2, tasks=3, inside=7)
        line = r'data-name="task 1" d="([^"]*)"'
        self.assertEqual(len(re.search(line, few)[1].split("L")), 4)
        self.assertEqual(len(re.search(line, many)[1].split("L")), 4 + 3 * 7)
        self.checked(many)

    def test_a_log_of_another_kind_is_done_without(self):
        self.page(seeds=2, tasks=3, inside=3)
        for seed in (0, 1):
            self.write(f"run/cells/replay/seed-{seed}/log.jsonl", '{"name": "accuracy/task-9x", "task": 1, "step": 1, "value": 1}\n'
                       '{"name": "accuracy/task-1", "task":\n{"name": "accuracy/task-1", "task": -4, "step": 1, "value": 1}\n\0\xff')
        self.checked(self.report())

    def test_hostile_names_are_words(self):
        summary = made_up.run(self.path("run"), methods=("finetune", "ewc"), seeds=2, tasks=2)
        for i, name in enumerate(HOSTILE):
            summary["methods"].append(dict(summary["methods"][i % 2], name=name))
        summary.update(name=HOSTILE[0], scenario=HOSTILE[1], mask=HOSTILE[5], error=HOSTILE[0], baseline=HOSTILE[2])
        summary["failed"] = [{"method": n, "seed": 1, "reason": n} for n in HOSTILE]
        summary["gates"] = [{"method": n, "metric": n, "source": n, "why": n, "pass": False, "ours": {}} for n in HOSTILE]
        summary["comparisons"] = [{"method": n, "metric": "acc.macro", "verdict": n} for n in HOSTILE]
        summary["test"] = {"name": HOSTILE[0], "correction": HOSTILE[1], "family": HOSTILE[2], "level": HOSTILE[3], "n_few": HOSTILE[4]}
        self.write("run/summary.json", json.dumps(summary))
        self.write("run/plan.json", json.dumps({n: n for n in HOSTILE}))
        self.write("run/manifest.json", json.dumps({"files": [{n: n} for n in HOSTILE], "deep": json.loads("[" * 90 + "]" * 90)}))
        self.write("run/scenario.yaml", "\n".join(HOSTILE))
        page = self.report()
        elements = self.checked(page)
        words = "".join(elements.words)
        for name in HOSTILE:
            self.has(words, name.replace("\u202e", "\ufffd"))
        self.assertNotIn("\u202e", page)
        self.assertEqual(page.count("<script"), 1)
        self.assertNotIn("<svg onload", page)

    def test_names_do_not_lead_out_of_the_folder(self):
        summary = made_up.run(self.path("run"), methods=("finetune",), seeds=1, tasks=2)
        made_up.run(self.path("secret"), methods=("finetune",), seeds=1, tasks=3)
        summary["methods"][0]["name"] = "../../secret/cells/finetune"
        self.write("run/summary.json", json.dumps(summary))
        self.assertIn("1 result.json not in the folder", "".join(self.checked(self.report()).words))

    def test_what_is_absent_is_said(self):
        summary = made_up.run(self.path("run"), methods=("finetune", "ewc", "replay"), seeds=3, tasks=3, failed=[("ewc", s) for s in range(3)])
        for metric in summary["methods"][2]["metrics"].values():
            metric.update(mean=None, sem=None, values=[None] * 3)
        self.write("run/summary.json", json.dumps(summary))
        result = self.read_json("run/cells/finetune/seed-1/result.json")
        result["matrix"][2] = [None, None, None]
        result["matrix"][3][0] = None
        self.write("run/cells/finetune/seed-1/result.json", json.dumps(result))
        os.remove(self.path("run/cells/finetune/seed-2/result.json"))
        for name in ("plan.json", "manifest.json", "scenario.yaml"):
            os.remove(self.path("run", name))
        words = "".join(self.checked(self.report()).words)
        self.has(words, "3 cells failed")
        self.has(words, "ewc: task 2, step 17: found a loss of nan; expected a finite one")
        self.has(words, "1 result.json not in the folder")
        self.assertEqual(words.count("It is not in the folder."), 3)

    def test_no_seed_finished(self):
        words = "".join(self.checked(self.page(methods=("ewc",), seeds=2, failed=[("ewc", 0), ("ewc", 1)])).words)
        self.has(words, "No cell has a result: there is nothing to compare yet.")
        self.assertNotIn("Accuracy matrix", words)
        self.write("run/summary.json", json.dumps({"schema": "perdure.summary/1"}))
        self.checked(self.report())

    def test_one_task_one_seed(self):
        words = "".join(self.checked(self.page(methods=("finetune", "replay"), seeds=1, tasks=1)).words)
        self.assertNotIn("Forgetting by task", words)
        self.has(words, "With one seed nobody can say how much of that is chance.")

    def test_a_hundred_tasks(self):
        page = self.page(methods=("finetune", "replay", "joint"), seeds=2, tasks=100)
        self.checked(page)
        self.assertLess(len(page.encode()), 4_000_000)

    def test_thirty_methods(self):
        page = self.page(methods=[f"ewc@lambda={10 ** i}" for i in range(30)], seeds=2, tasks=5)
        self.checked(page)

    def test_comparisons_are_marked(self):
        self.compared()
        page = self.report()
        words = "".join(self.checked(page).words)
        self.has(words, "better, worse than the baseline: paired t-test over the seeds, p < 0.05 after Holm’s correction over the methods "
                 "of one metric;")
        self.has(words, "Few seeds (n < 5): only large differences can be told.")
        self.has(page, 'title="better: 0.4100 [0.3800, 0.4400], p &lt;&nbsp;0.0001">▲</span>')
        self.has(page, 'title="not significant: 0.4100 [0.3800, 0.4400], p = 0.3000">≈</span>')
        self.has(words, "of finetune; the difference is significant.")

    def test_where_no_test_could_be_made_nothing_can_be_told(self):
        self.compared()
        summary = self.read_json("run/summary.json")
        for one in summary["comparisons"]:
            one.update(n=1, t=None, df=None, p=None, p_holm=None, ci95=[None, None], significant=False, verdict="too few seeds")
        self.write("run/summary.json", json.dumps(summary))
        page = self.report()
        self.assertNotIn("Few seeds", "".join(self.checked(page).words))
        self.has(page, 'title="too few seeds: 0.4100">?</span>')

    def test_a_damaged_result_is_refused_and_leaves_no_page(self):
        made_up.run(self.path("run"), methods=("finetune",), seeds=1, tasks=2)
        self.write("run/cells/finetune/seed-0/result.json", "{")
        self.assertIn("run/cells/finetune/seed-0/result.json:1:", self.run_program("report", "run", "--html", code=65).stderr)
        self.assertFalse(os.path.exists(self.path("run/report.html")))

    def test_where_the_page_goes(self):
        made_up.run(self.path("run"), methods=("finetune",), seeds=1, tasks=2)
        self.assertEqual(self.run_program("report", "run", "--html", "--out", "page.html").stdout, "page.html\n")
        self.assertTrue(os.path.exists(self.path("page.html")))
        self.assertFalse(os.path.exists(self.path("run/report.html")))
        self.assertIn("none/page.html", self.run_program("report", "run", "--html", "--out", "none/page.html", code=73).stderr)
        self.assertEqual(self.run_program("report", "run", "--out", "x", code=64).stderr,
                         "perdure: error: report: found --out without --html; expected it with the form that is a file\n")
        self.assertEqual(self.run_program("report", "run", "--html", "--json", code=64).stderr,
                         "perdure: error: report: found --json and --html; expected one of them\n")

    def test_a_run_leaves_its_page(self):
        with open(self.path("clouds.yaml"), "a", encoding="utf-8") as f:
            f.write("evaluation: {metrics: [acc.macro, forgetting.chaudhry]}\n")
        with open(self.path("clouds.yaml"), "r+", encoding="utf-8") as f:
            scenario = f.read().replace("  - name: joint", "  - {name: replay, strategies: [{replay: {capacity: 20}}]}\n  - name: joint")
            f.seek(0)
            f.write(scenario)
        self.run_program("run", "clouds.yaml")
        with open(self.path("runs/clouds/report.html"), encoding="utf-8") as f:
            left = f.read()
        words = "".join(self.checked(left).words)
        self.has(words, "6 cells finished")
        self.assertEqual([m["rows"] for m in self.read_json("runs/clouds/cells/replay/seed-1/result.json")["memories"]], [20])
        self.assertEqual(self.read_json("runs/clouds/cells/finetune/seed-1/result.json")["memories"], [])
        self.has(words, "Samples kept")
        self.has(left, "<title>replay: 20</title>")
        self.assertEqual(self.run_program("report", "runs/clouds", "--html").stdout, "runs/clouds/report.html\n")
        with open(self.path("runs/clouds/report.html"), encoding="utf-8") as f:
            self.assertEqual(f.read(), left)
        os.remove(self.path("runs/clouds/report.html"))
        os.mkdir(self.path("runs/clouds/report.html"))
        done = self.run_program("run", "clouds.yaml")
        self.assertIn("perdure: warning: report.html was not written: ", done.stderr)
        self.assertIn("finetune", done.stdout)


class Valid(Case):
    """By validators of others."""

    page, report, compared = Page.page, Page.report, Page.compared

    def pages(self):
        yield self.page(tasks=5)
        yield self.page(methods=("finetune",), seeds=1, tasks=1)
        yield self.page(methods=("ewc",), seeds=1, failed=[("ewc", 0)])
        self.compared()
        yield self.report()

    def test_tidy_finds_nothing(self):
        tidy = shutil.which("tidy")
        if not tidy:
            self.skip_unless_ci("tidy")
        for page in self.pages():
            self.write("page.html", page)
            done = subprocess.run([tidy, "-e", "-q", "--drop-empty-elements", "no", self.path("page.html")], capture_output=True,
                                  text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_strict_parser_finds_nothing(self):
        try:
            import html5lib
        except ImportError:
            self.skip_unless_ci("python3-html5lib")
        for page in self.pages():
            html5lib.HTMLParser(strict=True).parse(page)

    def skip_unless_ci(self, tool):
        if os.environ.get("PERDURE_CI") == "1":
            self.fail(f"found no {tool}; expected it, as PERDURE_CI=1")
        self.skipTest(f"found no {tool}")


if __name__ == "__main__":
    unittest.main()
