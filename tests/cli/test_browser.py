#!/usr/bin/env python3
"""report.html in Chromium: nothing overflows at two widths, light and dark; no request goes out; it reads without JavaScript, and
does more with it. PERDURE_SHOTS=FOLDER keeps what it looked like."""
import json
import os
import re
import sys
import unittest

import browser
import made_up
from program import Case

SHOTS = os.environ.get("PERDURE_SHOTS")


# Words of drawings that reach out of them, and how large the smallest are on the screen.
OUTSIDE = """[...document.querySelectorAll("figure svg.drawing text")].filter(t => {
    const r = t.getBoundingClientRect(), s = t.ownerSVGElement.getBoundingClientRect();
    return r.width && (r.left < s.left - 1 || r.right > s.right + 1);
}).map(t => t.textContent)"""
SMALLEST = """[...document.querySelectorAll("svg.drawing text")].filter(t => t.getBoundingClientRect().width)
    .map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a).reduce((a, b) => Math.min(a, b), 99)"""


class Looked(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Browser().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        super().tearDownClass()

    def page(self, **run):
        made_up.run(self.path("run"), **run)
        self.run_program("report", "run", "--html")
        return self.path("run/report.html")

    def value(self, expression):
        return self.browser.value(expression)

    def shown(self, selector):
        """How many of them take room on the page."""
        return self.value(f"[...document.querySelectorAll({selector!r})].filter(e => e.getClientRects().length).length")

    def shot(self, name):
        if SHOTS:
            os.makedirs(SHOTS, exist_ok=True)
            self.browser.shot(os.path.join(SHOTS, name + ".png"))

    def test_two_widths_light_and_dark(self):
        colours = set()
        for name, run in (("five", {"tasks": 5}), ("ten", {"tasks": 10, "inside": 4}), ("twenty", {"tasks": 20, "seeds": 3}),
                          ("long", {"methods": ["finetune", "x" * 120, "ewc@lambda=1000000,capacity=500,policy=class-balanced"],
                                    "name": "y" * 200, "seeds": 2})):
            path = self.page(**run)
            for width in (1280, 400):
                for dark in (False, True):
                    self.browser.look(width, dark)
                    self.browser.open(path)
                    self.assertEqual(self.value("document.documentElement.scrollWidth"), width, f"{name}: it overflows")
                    self.assertEqual(self.browser.requests(), ["file://" + path])
                    self.assertEqual(self.browser.complaints(), [])
                    self.assertEqual(self.value(OUTSIDE), [], f"{name} at {width}: words reach out of their drawing")
                    self.assertGreaterEqual(self.value(SMALLEST), 9, f"{name} at {width}: words too small to read")
                    colours.add((dark, self.value("getComputedStyle(document.body).backgroundColor")))
                    self.shot(f"{name}-{width}-{'dark' if dark else 'light'}")
        self.assertEqual(len(colours), 2)

    def test_eight_metrics_of_variants_are_seen_at_once(self):
        methods = ["finetune"] + [f"replay@capacity={c},lr={lr}" for c in (50, 200) for lr in (0.005, 0.01)]
        summary = made_up.run(self.path("run"), methods=methods, seeds=3, tasks=3)
        for row in summary["methods"]:
            row["metrics"].update({m: row["metrics"]["acc.macro"] for m in ("acc.anytime", "min.delange", "wc.delange")})
        names = list(row["metrics"])
        self.assertEqual(len(names), 8)
        summary.update(baseline="finetune", test={"name": "paired t-test", "correction": "Holm", "family": "the methods of one metric",
                                                  "level": 0.05, "n_least": 3, "n_few": 5})
        summary["comparisons"] = [{"method": of, "metric": m, "n": 3, "mean_difference": 0.4, "sd": 0.01, "t": 71.0, "df": 2, "p": 0.01,
                                   "p_holm": 0.04, "effect": 41.0, "ci95": [0.3, 0.5], "significant": True, "verdict": "better"}
                                  for of in methods[1:] for m in names]
        self.write("run/summary.json", json.dumps(summary))
        self.run_program("report", "run", "--html")
        self.browser.look(1280)
        self.browser.open(self.path("run/report.html"))
        self.assertEqual(self.value("(t => [t.scrollWidth - t.clientWidth])(document.querySelector('.results').parentNode)"), [0])
        self.assertEqual(self.value("document.querySelectorAll('.results tbody td .mark.better').length"), 8 * 4)
        # A name is broken behind @ and , alone: so its parts are in as many boxes as they have lines.
        self.assertEqual(self.value("""[...document.querySelectorAll('.results tbody th')].flatMap(th => [...th.childNodes]).filter(
            part => part.nodeType === 3).filter(part => { const r = document.createRange(); r.selectNode(part);
            return r.getClientRects().length > 1; }).length"""), 0)
        labels = self.value("[...document.querySelector('#results svg.drawing').querySelectorAll('text.name')].map(t => t.lastChild.data)")
        self.assertEqual(len(set(labels)), 5, labels)

    def test_words_stand_out_from_what_they_stand_on(self):
        path = self.page(tasks=10)
        for dark in (False, True):
            self.browser.look(1280, dark)
            self.browser.open(path)
            worst = self.value("""(() => {
                const light = c => { const v = c.match(/\\d+/g).slice(0, 3).map(x => x / 255)
                    .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126*v[0] + 0.7152*v[1] + 0.0722*v[2]; };
                const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
                const fill = e => getComputedStyle(e).fill, page = getComputedStyle(document.body).backgroundColor;
                const cells = [...document.querySelectorAll(".heat g > text")].map(t => contrast(fill(t), fill(t.previousElementSibling)));
                const words = [...document.querySelectorAll("p, th, td, h1, h2, summary, dt, .chips li")].map(
                    e => contrast(getComputedStyle(e).color, page));
                const lines = [...document.querySelectorAll("path.line")].map(l => contrast(getComputedStyle(l).stroke, page));
                return [Math.min(...cells), Math.min(...words), Math.min(...lines)];
            })()""")
            self.assertGreaterEqual(worst[0], 4.3, "numbers on the heat map")
            self.assertGreaterEqual(worst[1], 4.5, "words on the page")
            self.assertGreaterEqual(worst[2], 2.9, "lines on the page")

    def test_without_script_all_is_there(self):
        self.browser.look(1280, script=False)
        self.browser.open(self.page(tasks=5))
        self.assertEqual(self.shown("#choose"), 0)
        self.assertEqual(self.shown("#seed"), 0)
        self.assertEqual(self.shown("figure[data-m]"), 6 + 6 + 6)
        self.assertEqual(self.shown("table.results tbody tr"), 6)
        self.assertGreater(self.shown("path.line"), 30)
        self.shot("no-script")

    def test_methods_are_chosen(self):
        self.browser.look(1280)
        self.browser.open(self.page(tasks=5))
        lines = self.shown("figure.whole .wide path.line")
        self.assertEqual(self.shown("#choose"), 1)
        self.value("document.querySelectorAll('#choose input')[2].click()")
        self.assertEqual(self.shown("table.results tbody tr"), 5)
        self.assertEqual(self.shown("figure.whole .wide path.line"), lines - 1)
        self.assertEqual(self.shown("figure[data-m='2']"), 0)
        self.value("document.getElementById('choose-none').click()")
        self.assertEqual(self.shown("table.results tbody tr"), 0)
        self.value("document.getElementById('choose-all').click()")
        self.assertEqual(self.shown("table.results tbody tr"), 6)
        self.assertEqual(self.browser.complaints(), [])

    def test_a_seed_is_looked_at(self):
        self.browser.look(1280)
        self.browser.open(self.page(tasks=5, seeds=3))
        self.assertEqual(self.shown(".map[data-seed='mean']"), 6)
        self.value("""(() => { const s = document.querySelector("#seed select"); s.value = "1";
                               s.dispatchEvent(new Event("change")); })()""")
        self.assertEqual(self.shown(".map[data-seed='mean']"), 0)
        large = self.value("document.querySelector(\".map[data-seed='1']\").getBoundingClientRect().width")
        self.assertGreater(large, 250)
        self.shot("seed")

    def test_values_under_the_pointer(self):
        self.browser.look(1280)
        self.browser.open(self.page(tasks=5))

        def told_at(selector):
            self.value(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
            box = self.value(f"(r => [r.left + r.width / 2, r.top + r.height / 2])(document.querySelector({selector!r})"
                             ".getBoundingClientRect())")
            self.browser.point_at(*box)
            told = self.value("document.getElementById('told').hidden ? '' : document.getElementById('told').textContent")
            return told.replace("\u00a0", " ")
        self.assertRegex(told_at(".map[data-seed='mean'] g rect"), r"^after 0, on task 1: 0\.\d{4} ± 0\.\d{4}$")
        lines = told_at("figure.whole .wide").split("\n")
        self.assertEqual(lines[0], "after 3")
        self.assertEqual(len(lines), 1 + 6)
        summary = self.read_json("run/summary.json")
        ends = {m["name"]: m["metrics"]["acc.macro"]["mean"] for m in summary["methods"]}
        self.value("document.querySelector('figure.whole .wide').scrollIntoView({block: 'center'})")
        box = self.value("(r => [r.left, r.top, r.width, r.height])(document.querySelector('figure.whole .wide').getBoundingClientRect())")
        self.browser.point_at(box[0] + box[2] * 870 / 1040, box[1] + box[3] / 2)
        told = self.value("document.getElementById('told').textContent").split("\n")
        self.assertEqual(told[0], "after 5")
        for line in told[1:]:
            value, name = re.match(r"([\d.]+)  (.*)", line).groups()
            self.assertAlmostEqual(float(value), ends[name], delta=0.001)

    def test_an_injected_script_would_not_run(self):
        path = self.page(tasks=2, seeds=2)
        with open(path, encoding="utf-8") as f:
            page = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(page.replace("<h2>Results", "<script>window.ran = 1</script><img src='http://127.0.0.1:9/x'><h2>Results"))
        self.browser.look(1280)
        self.browser.open(path)
        self.assertIsNone(self.value("window.ran"))
        self.assertEqual(len(self.browser.complaints()), 2)

    def test_it_prints(self):
        self.browser.look(1280, dark=True)
        self.browser.open(self.page(tasks=5))
        pdf = self.browser.pdf()
        self.assertTrue(pdf.startswith(b"%PDF"))
        if SHOTS:
            with open(os.path.join(SHOTS, "page.pdf"), "wb") as f:
                f.write(pdf)
        self.browser.look(794, dark=True, media="print")
        self.browser.open(self.page(tasks=5))
        self.assertEqual(self.value("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        self.assertEqual(self.shown("#choose"), 0)
        self.assertEqual(self.value("document.documentElement.scrollWidth"), 794)


if __name__ == "__main__":
    if not browser.program():
        print("skipped: found no chromium; expected it")
        sys.exit(77)
    unittest.main()
