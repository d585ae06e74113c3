#!/usr/bin/env python3
"""`perdure plugin show`: what it says of shipped strategies and of tiny ones, and that what it calls a conflict is what `check` refuses."""
import hashlib
import json
import os
import re
import shutil
import unittest

from program import BUILD, SOURCE, Case

SHIPPED = os.path.join(BUILD, "lib", "perdure", "plugins", "1")
TINY = os.path.join(BUILD, "tests", "plugins")
NEEDED = {"lambda": "1", "capacity": "10", "c": "1", "alpha": "1"}  # values of required parameters
KINDS = ("task-il", "domain-il", "class-il", "task-free")
STREAM = """\
perdure: 1
data: {set: csv, train: clouds.csv, test_every: 5}
stream: {split: {by: class, tasks: 2, order: given}, scenario: %s}
training: {batch: 8, epochs: 1}
device: {type: cpu}
methods: [{name: one, strategies: [%s], train_on: %s}]
output: {folder: out}
"""


class Show(Case):
    def shown(self, name):
        return json.loads(self.run_program("plugin", "show", name, "--json").stdout)

    def checked(self, strategies, scenario="class-il", train_on="task"):
        self.write("s.yaml", STREAM % (scenario, ", ".join(strategies), train_on))
        return self.run_program("check", "s.yaml", code=None).stderr

    def entry_of(self, shown):
        required = shown["parameters"].get("required", []) if shown["parameters"] else []
        return "{plugin: %s, with: {%s}}" % (shown["path"], ", ".join(f"{key}: {NEEDED[key]}" for key in required))

    def conflicts(self, shown, what):
        return {row["what"] for row in shown["conflicts"] if row["with"] == what}

    def test_descriptor_and_file(self):
        ewc = self.shown("ewc")
        file = os.path.join(SHIPPED, "ewc.so")
        with open(file, "rb") as f:
            bytes_ = f.read()
        self.assertEqual({key: ewc[key] for key in ("schema", "name", "version", "paper", "path", "sha256", "bytes", "state_version")},
                         {"schema": "perdure.plugin.show/1", "name": "ewc", "version": "1.0",
                          "paper": "Kirkpatrick et al. 2017, arXiv 1612.00796", "path": file, "bytes": len(bytes_),
                          "sha256": hashlib.sha256(bytes_).hexdigest(), "state_version": 1})
        self.assertEqual(ewc["abi"], {"plugin": "1.0", "host": "1.0", "descriptor_bytes": 104, "hooks_bytes": 176})
        self.assertEqual([h["name"] for h in ewc["hooks"]], ["before_run", "after_loss", "after_task", "save", "load"])
        self.assertEqual([f["name"] for f in ewc["flags"]], ["needs-boundaries", "graph-safe", "rank-safe", "idle-first-task"])
        decay = ewc["parameters"]["properties"]["decay"]
        self.assertEqual((decay["default"], decay["minimum"], decay["maximum"]), (1, 0, 1))
        self.assertEqual(ewc["parameters"]["required"], ["lambda"])

    def test_hooks_have_the_names_of_the_abi_and_its_tags(self):
        with open(os.path.join(SOURCE, "sdk", "include", "perdure", "plugin.h"), encoding="utf-8") as f:
            table = re.search(r"typedef struct pdr_hooks \{(.*?)\n\}", f.read(), re.S)[1]
        expected, tags = [], ""
        for part in re.finditer(r"/\*(.*?)\*/|\(\*(\w+)\)", table, re.S):
            if part[2]:
                expected.append((part[2], " ".join(re.findall(r"\[(?:no-)?grad\]|\[sole\]", tags))))
            tags = part[1] or ""
        found = {}
        for file in ("recorder.so", "sole_a.so", "predict_a.so", "masks.so", "exercise_rest.so", "gate.so", "slow_genreplay.so"):
            found.update({h["name"]: h["tags"] for h in self.shown(os.path.join(TINY, file))["hooks"]})
        for name, words in expected:
            self.assertEqual(found.pop(name, words), words, name)
        self.assertEqual(found, {})
        self.assertEqual(len(expected), 21)

    def test_flags_are_those_of_the_abi(self):
        with open(os.path.join(SOURCE, "sdk", "include", "perdure", "plugin.h"), encoding="utf-8") as f:
            names = dict(re.findall(r"\bPDR_([A-Z_]+) = (\d+)u", f.read()))
        self.assertEqual(len(names), 9)
        with open(os.path.join(SOURCE, "core", "cli", "plugin_words.c"), encoding="utf-8") as f:
            said = re.findall(r'\{PDR_([A-Z_]+), "([a-z-]+)"', f.read())
        self.assertEqual([(name, name.lower().replace("_", "-")) for name in sorted(names, key=lambda n: int(names[n]))], said)

    def test_words_say_the_same(self):
        said = self.run_program("plugin", "show", "icarl").stdout
        self.assertRegex(said, r"(?m)^icarl 1\.0: Exemplars by herding")
        self.assertRegex(said, r"(?m)^sha256   [0-9a-f]{64}$")
        self.assertRegex(said, r"(?m)^ABI      1\.0; this Perdure has 1\.0$")
        self.assertRegex(said, r"(?m)^capacity: 1000 +# .*; required$")
        self.assertRegex(said, r"(?m)^  predict +\[no-grad\] \[sole\]  the scores of test rows are its own$")
        self.assertRegex(said, r"(?m)^  scenario +task-free +it needs task boundaries$")
        free = self.run_program("plugin", "show", "replay").stdout
        self.assertIn("conflicts\n  none, neither with a scenario nor with a strategy that is installed\n", free)
        bare = self.run_program("plugin", "show", os.path.join(TINY, "gate.so")).stdout
        self.assertIn("state    none: it has no save()\n", bare)

    def test_what_it_calls_a_conflict_check_refuses(self):
        for file in sorted(os.listdir(SHIPPED)):
            shown = self.shown(os.path.join(SHIPPED, file))
            entry = self.entry_of(shown)
            for kind in KINDS:
                said = self.checked([entry], kind)
                self.assertEqual(f"found {shown['name']}, which needs" in said, kind in self.conflicts(shown, "scenario"),
                                 (file, kind, said))
            said = self.checked([entry], "class-il", "all")
            self.assertEqual("which needs" in said, "all" in self.conflicts(shown, "train_on"), (file, said))

    def test_sole_hooks_of_two(self):
        icarl = self.shown("icarl")
        self.assertEqual(self.conflicts(icarl, "strategy"), set())
        for file, hook in (("sole_a.so", "compute_loss"), ("predict_a.so", "predict")):
            tiny = self.shown(os.path.join(TINY, file))
            row = next(r for r in tiny["conflicts"] if r["with"] == "strategy")
            self.assertEqual((row["what"], row["why"]), ("icarl", f"both have {hook}; a method has one at most"))
            self.assertIn(f"found a second {hook} in method one", self.checked([self.entry_of(icarl), self.entry_of(tiny)]))
        self.assertEqual(self.conflicts(self.shown(os.path.join(TINY, "gate.so")), "strategy"), set())

    def test_a_name_that_another_file_has(self):
        shutil.copy(os.path.join(SHIPPED, "ewc.so"), self.path("ewc.so"))
        shown = self.shown("ewc.so")
        self.assertEqual(shown["path"], os.path.realpath(self.path("ewc.so")))
        row = next(r for r in shown["conflicts"] if r["with"] == "name")
        self.assertEqual(row["why"], f"a scenario that says ewc gets {SHIPPED}/ewc.so")
        self.assertEqual(self.conflicts(self.shown("ewc"), "name"), set())

    def test_the_identity_of_tasks_and_flags_of_newer_headers(self):
        for name in ("param_none.so", "flags_task.so", "flags_newer.so"):
            shutil.copy(os.path.join(TINY, "shape.so"), self.path(name))
        self.assertEqual(self.shown("param_none.so")["parameters"].get("required", []), [])
        asks = self.shown("flags_task.so")
        self.assertEqual(self.conflicts(asks, "scenario"), {"domain-il", "class-il", "task-free"})
        for kind in KINDS:
            self.assertEqual("found shape, which needs the task's identity" in self.checked([self.entry_of(asks)], kind), kind != "task-il")
        self.assertEqual([(f["name"], f["words"]) for f in self.shown("flags_newer.so")["flags"][1:]],
                         [("0x100000", "unknown to this Perdure")])

    def test_extensions(self):
        shutil.copy(os.path.join(TINY, "shape.so"), self.path("extension_some.so"))
        line = "extends  it answers ids beyond the headers, by extension()\n"
        self.assertIn(line, self.run_program("plugin", "show", "extension_some.so").stdout)
        self.assertNotIn(line, self.run_program("plugin", "show", "ewc").stdout)
        self.assertEqual([self.shown(name)["extensions"] for name in ("extension_some.so", "ewc")], [True, False])

    def test_refusals_are_those_of_the_loader(self):
        for name, words in (("none.so", "found nothing that can be read"), ("abi_two.so", "found plugin ABI 2.0; expected 1.0")):
            if name != "none.so":
                shutil.copy(os.path.join(TINY, "shape.so"), self.path(name))
            said = self.run_program("plugin", "show", name, code=69).stderr
            self.assertIn(f"{os.path.realpath(self.path(name))}: {words}", said)
        said = self.run_program("plugin", "show", "ewk", code=69).stderr
        self.assertRegex(said, r"found no strategy ewk; expected one of: .*\nhint: did you mean ewc\?")
        self.assertIn("plugin show: found nothing behind it; expected FILE.so or NAME", self.run_program("plugin", "show", code=64).stderr)


if __name__ == "__main__":
    unittest.main()
