#!/usr/bin/env python3
"""`perdure cite`: BibTeX of what a scenario or a run uses, each paper once, and the papers are those of the strategies' own pages."""
import json
import os
import re
import subprocess
import unittest

from program import PROGRAM, SCENARIO, SOURCE
from verified import Verified


def entries(bibtex):
    """{key: {field: value}} of entries whose braces balance; each is `@kind{key, field = {value}, ...}`."""
    found = {}
    for at in re.finditer(r"^@(\w+)\{([^,\s]+),\n", bibtex, re.M):
        depth, end = 1, at.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(bibtex[end], 0)
            end += 1
        body = bibtex[at.end():end - 1]
        fields = dict(re.findall(r"^  (\w+) = \{(.*)\},?$", body, re.M))
        assert at[2] not in found, at[2]
        assert fields and body.count("\n") == len(fields), body
        found[at[2]] = dict(fields, kind=at[1])
    return found


class Cite(Verified):
    def cite(self, words, **more):
        self.write("s.yaml", words)
        return self.run_program("cite", "s.yaml", **more)

    def scenario(self, methods, **more):
        words = SCENARIO[:SCENARIO.index("methods:")] + "methods:\n" + "".join(f"  - {m}\n" for m in methods)
        for old, new in more.items():
            words = re.sub(rf"(?m)^{old}:.*(\n  .*)*$", f"{old}: {new}", words, count=1)
        return words

    def test_what_a_stream_and_its_evaluation_use(self):
        words = self.scenario(["{name: finetune}"], evaluation="{anytime: {batches: 5}}") + "\nevaluation: {anytime: {batches: 5}}\n"
        words = words.replace("scenario: class-il", "scenario: class-il\n  boundaries: {blurry: {share: 0.1}}")
        done = self.cite(words)
        found = entries(done.stdout)
        for key in ("soutif2023comprehensive", "delange2023continual", "bang2021rainbow"):
            self.assertIn(key, found)
        self.assertIn("% for metric min.delange, metric wc.delange\n@inproceedings{delange2023continual,", done.stdout)
        self.assertNotIn("aljundi2019task", found)
        words = words.replace("  boundaries: {blurry: {share: 0.1}}", "").replace("class-il", "task-free").replace("epochs: 2", "epochs: 1")
        self.assertIn("% for stream task-free\n@inproceedings{aljundi2019task,", self.cite(words).stdout)

    def test_what_a_scenario_uses(self):
        strategies = {"replay": "{capacity: 9}", "ewc": "{lambda: 1}", "si": "{c: 1}", "lwf": "{}", "agem": "{capacity: 9}",
                      "icarl": "{capacity: 9}",
                      "genreplay": "{z: 2, encoder: {type: mlp}, decoder: {type: mlp}}"}
        done = self.cite(self.scenario([f"{{name: {n}, strategies: [{{{n}: {p}}}]}}" for n, p in strategies.items()],
                                       data="{set: mnist}", optimizer="{type: adamw}", network="{type: resnet18}"))
        found = entries(done.stdout)
        for key in ("perdure", "paszke2019pytorch", "lecun1998gradient", "vandeven2022three", "he2016deep",
                    "loshchilov2019decoupled", "rolnick2019experience", "kirkpatrick2017overcoming", "zenke2017continual",
                    "li2018learning", "chaudhry2019efficient", "rebuffi2017icarl", "shin2017continual", "lopezpaz2017gradient",
                    "chaudhry2018riemannian", "diazrodriguez2018dont"):
            self.assertIn(key, found)
            self.assertIn("author", found[key])
            self.assertIn("title", found[key])
        self.assertIn("% for data mnist\n@article{lecun1998gradient,", done.stdout)
        self.assertIn("% for strategy icarl, metric aia.icarl\n", done.stdout)
        # The arXiv numbers are those of the strategies' own pages.
        for name, key in {"replay": "rolnick2019experience", "ewc": "kirkpatrick2017overcoming", "si": "zenke2017continual",
                          "lwf": "li2018learning", "agem": "chaudhry2019efficient", "icarl": "rebuffi2017icarl",
                          "genreplay": "shin2017continual"}.items():
            with open(os.path.join(SOURCE, "plugins", name, "README.md"), encoding="utf-8") as f:
                page = f.read()
            self.assertIn(found[key]["eprint"], page)
            title = re.sub(r"[{}]", "", found[key]["title"]).split(":")[0].lower()
            self.assertIn(title, re.sub(r"[*\s]+", " ", page).lower())

    def test_what_it_does_not_use(self):
        found = entries(self.cite(self.scenario(["{name: finetune}"])).stdout)
        self.assertNotIn("rolnick2019experience", found)
        self.assertNotIn("lecun1998gradient", found)
        self.assertNotIn("kingma2015adam", found)  # sgd

    def test_perdure_is_cited_as_it_asks_for(self):
        found = entries(self.cite(self.scenario(["{name: finetune}"])).stdout)["perdure"]
        with open(os.path.join(SOURCE, "CITATION.cff"), encoding="utf-8") as f:
            asked = f.read()
        self.assertEqual(found["kind"], re.search(r"(?m)^type: (\w+)", asked)[1])
        self.assertEqual(found["title"], re.search(r"(?m)^title: (.*)", asked)[1])
        self.assertEqual(found["version"], re.search(r"(?m)^version: (.*)", asked)[1])
        self.assertEqual(found["author"].strip("{}"), re.search(r'name: "(.*)"', asked)[1])
        self.assertIn(re.search(r"(?m)^license: (.*)", asked)[1], found["note"])

    def test_a_run(self):
        done = json.loads(self.run_program("cite", "--json", self.run_folder).stdout)
        self.assertEqual(done["schema"], "perdure.cite/1")
        self.assertEqual({c["key"]: c["for"] for c in done["citations"]}["rolnick2019experience"], ["strategy replay"])
        self.assertEqual(list(entries("\n".join(c["bibtex"] for c in done["citations"]))),
                         [c["key"] for c in done["citations"]])
        self.assertIn("found no manifest.json", self.run_program("cite", self.path(), code=66).stderr)

    def test_a_strategy_with_words_of_its_own(self):
        template = os.path.join(SOURCE, "sdk/template/strategy.c")
        with open(template, encoding="utf-8") as f:
            words = f.read()
        self.assertIn('after the last task", NULL,', words)
        for name, paper in (("own", "Doe {and} Roe 2026"), ("known", "as Zenke et al., arXiv 1703.04200")):
            self.write(f"{name}.c", words.replace('after the last task", NULL,', f'after the last task", "{paper}",'))
            subprocess.run(["cc", "-std=c11", "-shared", "-fPIC", "-I", os.path.join(SOURCE, "sdk/include"), "-o",
                            self.path(f"{name}.so"), self.path(f"{name}.c"), "-lm"], check=True)
        strategy = "{name: %s, strategies: [{plugin: ./%s.so, with: {strength: 1}}]}"
        with open(template, encoding="utf-8") as f:
            key = re.search(r'KEY\("(\w+)"|\.key = "(\w+)"', f.read())
        strategy = strategy.replace("strength", key[1] or key[2])
        found = entries(self.cite(self.scenario([strategy % ("a", "own")])).stdout)
        self.assertEqual(found["strategy-my_strategy"]["title"], "Doe  and  Roe 2026")
        self.assertIn("zenke2017continual", entries(self.cite(self.scenario([strategy % ("a", "known")])).stdout))

    def test_what_cannot_be_opened_is_told_behind_the_rest(self):
        done = self.cite(self.scenario(["{name: a, strategies: [nothing]}"]), code=69)
        self.assertIn("@software{perdure,", done.stdout)
        self.assertIn("nothing", done.stderr)
        self.assertIn("s.yaml:", self.cite("perdure: 1\n", code=78).stderr)
        self.assertEqual(subprocess.run([PROGRAM, "cite"], capture_output=True, check=False).returncode, 64)


if __name__ == "__main__":
    unittest.main()
