#!/usr/bin/env python3
"""`perdure verify`: an untouched run passes, whatever is changed in it or below it is named, and a run that was rewritten with all
its digests is found out by running its cells again."""
import json
import os
import re
import shutil
import subprocess
import unittest

from program import BUILD, PROGRAM
from verified import Verified, sealed, sha256

TORCH = os.environ["TORCH_ROOT"]


class Untouched(Verified):
    def test_passes_with_every_cell_run_again(self):
        before = {name: sha256(os.path.join(at, name)) for at, _, names in os.walk(self.run_folder) for name in names}
        done = self.run_program("verify", self.run_folder, "--cells", "all", "--jobs", "2")
        self.assertEqual(self.lines(done, "bad") + self.lines(done, "cause") + self.lines(done, "differs"), [])
        again = [line for line in self.lines(done, "good") if "run again: matrix and weights are the same" in line]
        self.assertEqual(len(again), 3)
        self.assertTrue(any(line.startswith("torch: ") for line in self.lines(done, "good")), done.stdout)
        digest = sha256(self.of_run("manifest.json"))
        self.assertIn(f"verified: manifest SHA-256 {digest}", done.stdout)
        self.assertIn(f"perdure: manifest: SHA-256 {digest}", self.told)  # and the run had printed it
        self.assertEqual(before, {name: sha256(os.path.join(at, name)) for at, _, names in os.walk(self.run_folder)
                                  for name in names})
        self.assertEqual([n for n in os.listdir(self.folder.name) if "verify" in n], [])  # nothing is left

    def test_report_for_programs(self):
        report = json.loads(self.run_program("verify", "--json", self.run_folder).stdout)
        self.assertEqual((report["schema"], report["good"], report["bad"]), ("perdure.verify/1", True, 0))
        self.assertEqual(report["manifest_sha256"], sha256(self.of_run("manifest.json")))
        self.assertEqual([c["name"] for c in report["cells"]], ["finetune/seed-0", "replay/seed-0", "mine/seed-0"])
        self.assertEqual(sorted(c["again"] for c in report["cells"]), ["not run", "not run", "the same"])
        self.assertEqual(report["cells"][0]["host"], os.uname().nodename)

    def test_cells_are_chosen(self):
        done = self.run_program("verify", self.run_folder, "--only", "mine/0")
        self.assertEqual([line for line in self.lines(done, "good") if "run again" in line],
                         ["mine/seed-0: run again: matrix and weights are the same, bit for bit"])
        done = self.run_program("verify", self.run_folder, "--cells", "0")
        self.assertNotIn("run again", done.stdout)
        for none in ("none", "mine/x", "mine/1"):
            done = self.run_program("verify", self.run_folder, "--only", none, code=1)
            self.assertEqual(self.lines(done, "bad"), ["again: found no recorded cell to run again among those of --only; expected one"])

    def test_a_finished_run_keeps_its_manifest(self):
        def run():
            done = subprocess.run([PROGRAM, "run", "clouds.yaml", "--set", "training.batch=16", "--out", self.path("out")],
                                  cwd=self.home, env=self.environment(), capture_output=True, text=True, check=True)
            return re.search(r"manifest: SHA-256 ([0-9a-f]{64})", done.stderr)[1]
        self.assertEqual(run(), run())

    def test_what_a_manifest_says(self):
        manifest = self.read(self.cell("mine", "manifest.json"))
        result = self.read(self.cell("mine", "result.json"))
        self.assertEqual((manifest["schema"], manifest["method"], manifest["seed"]), ("perdure.manifest/1", "mine", 0))
        self.assertEqual(manifest["plan_sha256"], result["plan_sha256"])
        files = {f"{f['role']} {f['name']}": f for f in manifest["files"]}
        self.assertEqual(files["data clouds.csv"]["sha256"], sha256(os.path.join(self.home, "clouds.csv")))
        self.assertEqual(files["plugin pull.so"]["sha256"], sha256(os.path.join(self.home, "pull.so")))
        self.assertEqual(files["program perdure"]["sha256"], sha256(PROGRAM))
        self.assertEqual(files["engine libperdure_engine.so"]["sha256"], sha256(os.path.join(BUILD, "lib/libperdure_engine.so")))
        self.assertEqual(files["torch lib/libc10.so"]["sha256"], sha256(os.path.join(TORCH, "lib/libc10.so")))
        self.assertIn("torch lib/libtorch_cpu.so", files)
        self.assertNotIn("plugin replay.so", files)  # of another method
        self.assertEqual(set(manifest["results"]), {"result.json", "matrix.csv", "weights.safetensors", "log.jsonl"})
        self.assertEqual(manifest["versions"]["torch"], result["engine"]["torch"])
        self.assertEqual((manifest["threads"], manifest["determinism"]), (1, "deterministic"))
        self.assertEqual(manifest["metrics"]["acc.macro"], "1/T sum_j R[T][j]")
        self.assertTrue(manifest["build"]["compiler"] and manifest["machine"]["cpu"])
        whole = self.read(self.of_run("manifest.json"))
        self.assertEqual(whole["scenario"]["set"], ["training.batch=16"])
        self.assertEqual(whole["scenario"]["file"], os.path.join(self.home, "clouds.yaml"))


class Tampered(Verified):
    def bad(self, *expected, options=("--cells", "0"), program=PROGRAM, **environment):
        """verify fails, and each expected line is among those that are bad."""
        done = subprocess.run([program, "verify", self.run_folder, *options], cwd=self.folder.name,
                              env=self.environment(**environment), capture_output=True, text=True, timeout=300, check=False)
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 1, said)
        self.assertIn("NOT verified: manifest SHA-256 ", done.stdout)
        for words in expected:
            self.assertTrue(any(re.match(words, line) for line in self.lines(done, "bad")), f"{words} is not in\n{said}")
        return done

    def data_changed(self):
        path = os.path.join(self.home, "clouds.csv")
        with open(path, encoding="utf-8") as f:
            words = f.read()
        self.addCleanup(self.put, path, words)
        self.put(path, words.replace("-1", "-2", 1))

    def test_a_data_byte(self):
        self.data_changed()
        done = self.bad(r"data clouds\.csv: found SHA-256 [0-9a-f]{16} in .*; expected SHA-256 [0-9a-f]{16}$")
        self.assertEqual(len(self.lines(done, "bad")), 1)

    def test_another_data_byte_gives_other_numbers_and_is_their_cause(self):
        self.data_changed()
        done = self.bad(r"(mine|replay|finetune)/seed-0: again: weights: found SHA-256", options=("--cells", "all"))
        self.assertIn("file.data clouds.csv", done.stdout[done.stdout.index("cause    "):])

    def test_the_scenario(self):
        self.replaced(self.of_run("scenario.yaml"), "epochs: 2", "epochs: 3")
        done = self.bad(r"scenario\.yaml: found SHA-256", options=("--cells", "1"))
        self.assertTrue(any("training.epochs: found 3; expected 2; so it is not run again" in line
                            for line in self.lines(done, "bad")), done.stdout)

    def test_the_plan(self):
        self.replaced(self.of_run("plan.json"), '"batch": 16', '"batch": 17')
        self.bad(r"plan\.json: found SHA-256")

    def test_a_plugin(self):
        shutil.copy(os.path.join(self.home, "pull.so"), self.path("pull.so"))
        self.addCleanup(shutil.copy, self.path("pull.so"), os.path.join(self.home, "pull.so"))
        with open(os.path.join(self.home, "pull.so"), "ab") as f:
            f.write(b"\0")
        done = self.bad(r"plugin pull\.so: found SHA-256 [0-9a-f]{16} in .*, as in 1 of 3 cells \(mine/seed-0\)")
        self.assertEqual(len(self.lines(done, "bad")), 1)

    def test_a_plugin_that_is_gone(self):
        os.rename(os.path.join(self.home, "pull.so"), self.path("pull.so"))
        self.addCleanup(os.rename, self.path("pull.so"), os.path.join(self.home, "pull.so"))
        self.bad(r"plugin pull\.so: found no such file here; expected SHA-256")

    def installed(self):
        """A second place of this program: its own copy of all but LibTorch."""
        os.makedirs(self.path("other/bin"))
        shutil.copy(PROGRAM, self.path("other/bin"))
        shutil.copytree(os.path.join(BUILD, "lib"), self.path("other/lib"))
        return self.path("other/bin/perdure")

    def test_the_engine(self):
        program = self.installed()
        with open(self.path("other/lib/libperdure_engine.so"), "ab") as f:
            f.write(b"\0")
        done = self.bad(r"engine libperdure_engine\.so: found SHA-256", program=program)
        self.assertEqual(len(self.lines(done, "bad")), 1)
        # The same numbers come out of it: who says that it may be another one is told of it, and that is all.
        done = subprocess.run([program, "verify", self.run_folder, "--elsewhere"], cwd=self.folder.name,
                              env=self.environment(), capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^differs  engine libperdure_engine\.so: found SHA-256")

    def test_the_program(self):
        program = self.installed()
        with open(program, "ab") as f:
            f.write(b"\0")
        self.bad(r"program perdure: found SHA-256", program=program)

    def test_a_file_of_libtorch(self):
        os.makedirs(self.path("libtorch/torch/lib"))
        for name in os.listdir(os.path.join(TORCH, "lib")):
            os.symlink(os.path.join(os.path.realpath(TORCH), "lib", name), self.path("libtorch/torch/lib", name))
        if os.path.isdir(os.path.join(TORCH, "../nvidia")):
            os.symlink(os.path.realpath(os.path.join(TORCH, "../nvidia")), self.path("libtorch/nvidia"))
        os.remove(self.path("libtorch/torch/lib/libc10.so"))
        shutil.copy(os.path.join(TORCH, "lib/libc10.so"), self.path("libtorch/torch/lib"))
        with open(self.path("libtorch/torch/lib/libc10.so"), "ab") as f:
            f.write(b"\0")
        done = self.bad(r"torch lib/libc10\.so: found SHA-256", TORCH_ROOT=self.path("libtorch/torch"))
        self.assertEqual(len(self.lines(done, "bad")), 1, done.stdout)

    def test_a_number_of_a_result(self):
        result = self.read(self.cell("replay", "result.json"))
        value = result["metrics"]["acc.macro"]
        self.replaced(self.cell("replay", "result.json"), f'"acc.macro": {value}', '"acc.macro": 0.999')
        done = self.bad(r"cells/replay/seed-0/result\.json: found SHA-256",
                        rf"cells/replay/seed-0/result\.json: metrics\.acc\.macro: found 0\.999; expected {re.escape(str(value))}, as its matrix")
        self.assertFalse([line for line in self.lines(done, "bad") if "cells/mine" in line or "cells/finetune" in line])

    def test_a_number_of_a_matrix(self):
        self.replaced(self.cell("replay", "matrix.csv"), "\n2,", "\n2,0")
        self.bad(r"cells/replay/seed-0/matrix\.csv: found SHA-256", r"cells/replay/seed-0/matrix\.csv: found another matrix")

    def test_a_number_of_the_summary(self):
        mean = self.read(self.of_run("summary.json"))["methods"][1]["metrics"]["acc.macro"]["mean"]
        self.replaced(self.of_run("summary.json"), f'"mean": {mean}', '"mean": 0.999')
        self.bad(r"summary\.json: found SHA-256", r"summary\.json: methods\[\d\]\.metrics\.[a-z.]+\.mean: found 0\.999; expected ")

    def test_the_weights(self):
        self.byte_changed(self.cell("mine", "weights.safetensors"), -1)
        done = self.bad(r"cells/mine/seed-0/weights\.safetensors: found SHA-256",
                        r"cells/mine/seed-0/weights\.safetensors: found values of SHA-256 \w+; expected \w+, as result\.json says")
        self.assertEqual(len(self.lines(done, "bad")), 2)

    def test_the_log(self):
        self.byte_changed(self.cell("mine", "log.jsonl"), 20)
        self.bad(r"cells/mine/seed-0/log\.jsonl: found SHA-256")

    def test_the_manifest_of_a_cell(self):
        self.replaced(self.cell("finetune", "manifest.json"), '"threads": 1', '"threads": 2')
        self.bad(r"cells/finetune/seed-0/manifest\.json: found SHA-256 [0-9a-f]{16}; expected [0-9a-f]{16}$",
                 r"cells/finetune/seed-0/manifest\.json: found SHA-256 [0-9a-f]{64}; expected .*, as its last line says")

    def test_the_plan_of_a_cell(self):
        manifest = self.read(self.cell("finetune", "manifest.json"))
        manifest["plan"]["training"]["batch"] = 8
        self.put(self.cell("finetune", "manifest.json"), sealed(manifest))
        self.bad(r"cells/finetune/seed-0/manifest\.json: plan: found SHA-256")

    def test_the_manifest_of_the_run(self):
        self.replaced(self.of_run("manifest.json"), '"name": "clouds"', '"name": "clouds2"')
        self.bad(r"manifest\.json: found SHA-256 [0-9a-f]{64}; expected .*, as its last line says")

    def resealed(self):
        """All digests anew over what lies there, so that only what follows from something else can tell."""
        whole = self.read(self.of_run("manifest.json"))
        for cell in whole["cells"]:
            path = self.cell(cell["method"], "manifest.json")
            manifest = self.read(path)
            manifest["results"] = {name: sha256(self.cell(cell["method"], name)) for name in manifest["results"]}
            self.put(path, sealed(manifest))
            cell["manifest_sha256"] = sha256(path)
        whole["files"] = {name: sha256(self.of_run(name)) for name in whole["files"]}
        self.put(self.of_run("manifest.json"), sealed(whole))

    def only_bad(self, *expected, options=("--cells", "0")):
        self.resealed()
        done = self.bad(*expected, options=options)
        self.assertEqual(len(self.lines(done, "bad")), len(expected), done.stdout)

    def test_weights_with_all_digests(self):
        self.byte_changed(self.cell("mine", "weights.safetensors"), -1)
        self.only_bad(r"cells/mine/seed-0/weights\.safetensors: found values of SHA-256 ")

    def test_the_scenario_with_all_digests(self):
        self.replaced(self.of_run("scenario.yaml"), "capacity: 20", "capacity: 30")
        self.only_bad(r"scenario\.yaml: replay/seed-0: method\.strategies\[0\]\.parameters\.memory: found {capacity: 30}; expected {capacity: 20}$",
                      r"plan\.json: methods\[1\]\.strategies\[0\]\.parameters\.memory: found {capacity: 20}; expected {capacity: 30}, as scen")

    def test_one_row_for_what_is_another_in_all_cells(self):
        self.replaced(self.of_run("scenario.yaml"), "epochs: 2", "epochs: 3")
        self.only_bad(r"scenario\.yaml: finetune/seed-0 and 2 more cells: training\.epochs: found 3; expected 2; so it is not",
                      r"plan\.json: training\.epochs: found 2; expected 3", options=("--cells", "all"))

    def test_the_plan_with_all_digests(self):
        self.replaced(self.of_run("plan.json"), '"batch": 16', '"batch": 17')
        self.only_bad(r"plan\.json: training\.batch: found 17; expected 16, as scenario\.yaml says")

    def test_the_log_with_all_digests(self):
        with open(self.cell("mine", "log.jsonl"), encoding="utf-8") as f:
            lines = f.read().splitlines(keepends=True)
        self.put(self.cell("mine", "log.jsonl"), "".join(lines[:-1]))
        self.only_bad(rf"mine/seed-0: again: log\.jsonl:{len(lines)}: found .+; expected no line, as recorded",
                      options=("--only", "mine"))

    def test_words_of_a_manifest_with_all_digests(self):
        manifest = self.read(self.cell("mine", "manifest.json"))
        manifest["threads"] = 64
        manifest["metrics"]["acc.macro"] = "another"
        self.put(self.cell("mine", "manifest.json"), sealed(manifest))
        self.only_bad(r"mine/seed-0: again: threads: found 1; expected 64, as recorded",
                      r"mine/seed-0: again: metrics: acc\.macro: found 1/T .+; expected another, as recorded", options=("--only", "mine"))

    def test_the_names_of_classes_with_all_digests(self):
        result = self.read(self.cell("mine", "result.json"))
        self.assertIn("class_names", result)
        result["class_names"][0][0] = "other"
        self.put(self.cell("mine", "result.json"), json.dumps(result))
        self.only_bad(r"mine/seed-0: again: class_names: found .+; expected .*other.*, as recorded", options=("--only", "mine"))

    def test_a_cell_that_is_left_out(self):
        whole = self.read(self.of_run("manifest.json"))
        whole["cells"] = [c for c in whole["cells"] if c["method"] != "replay"]
        self.put(self.of_run("manifest.json"), sealed(whole))
        self.resealed()
        self.bad(r"manifest\.json: found no word of replay/seed-0; expected it in cells or missing")

    def test_a_cell_that_nobody_asked_for(self):
        words = "  - {name: replay, strategies: [{replay: {capacity: 20}}]}\n"
        self.replaced(self.of_run("scenario.yaml"), words, "")
        self.resealed()
        self.bad(r"manifest\.json: found replay/seed-0; expected cells that scenario\.yaml asks for alone")

    def test_a_list_of_files_that_was_shortened(self):
        manifest = self.read(self.cell("mine", "manifest.json"))
        manifest["files"] = [f for f in manifest["files"] if f["role"] not in ("engine", "plugin")]
        self.put(self.cell("mine", "manifest.json"), sealed(manifest))
        self.only_bad(r"cells/mine/seed-0/manifest\.json: files: found none of role engine; expected at least one",
                      r"cells/mine/seed-0/manifest\.json: files: found no plugin of SHA-256 \w+; expected that of strategy pull")

    def test_a_run_that_was_rewritten_with_all_its_digests(self):
        other = self.path("rewritten")
        shutil.copy(os.path.join(self.home, "clouds.yaml"), self.path("clouds.yaml"))
        shutil.copy(os.path.join(self.home, "pull.so"), self.path("pull.so"))
        # Results of a better learning rate, given out as those of this scenario.
        self.run_program("run", "clouds.yaml", "--set", "training.batch=16", "--set", "optimizer.lr=0.2", "--out", other)
        for method in ("finetune", "replay", "mine"):
            manifest = self.read(self.cell(method, "manifest.json"))
            for name in ("result.json", "matrix.csv", "weights.safetensors", "log.jsonl"):
                shutil.copy(os.path.join(other, "cells", method, "seed-0", name), self.cell(method, name))
            result = self.read(self.cell(method, "result.json"))
            self.replaced(self.cell(method, "result.json"), result["plan_sha256"], manifest["plan_sha256"])
            manifest["results"] = {name: sha256(self.cell(method, name)) for name in manifest["results"]}
            self.put(self.cell(method, "manifest.json"), sealed(manifest))
        shutil.copy(os.path.join(other, "summary.json"), self.of_run("summary.json"))
        whole = self.read(self.of_run("manifest.json"))
        whole["files"]["summary.json"] = sha256(self.of_run("summary.json"))
        for cell in whole["cells"]:
            cell["manifest_sha256"] = sha256(self.cell(cell["method"], "manifest.json"))
        self.put(self.of_run("manifest.json"), sealed(whole))

        self.assertEqual(self.lines(self.run_program("verify", self.run_folder, "--cells", "0"), "bad"), [])
        done = self.bad(r"replay/seed-0: again: weights: found SHA-256", options=("--cells", "all"))
        self.assertIn("cause    manifest: nothing that it records differs: what is recorded is not what came of these inputs",
                      done.stdout)


class Elsewhere(Verified):
    def test_which_cell_ran_where(self):
        manifest = self.read(self.cell("mine", "manifest.json"))
        manifest["machine"].update(host="far", cpu="Another CPU", gpu="Some GPU")
        self.put(self.cell("mine", "manifest.json"), sealed(manifest))
        whole = self.read(self.of_run("manifest.json"))
        whole["cells"][2]["manifest_sha256"] = sha256(self.cell("mine", "manifest.json"))
        self.put(self.of_run("manifest.json"), sealed(whole))
        done = self.run_program("verify", self.run_folder, "--cells", "0")
        self.assertRegex(done.stdout, r"(?m)^ran      2 cells on \S+: .+$")
        self.assertRegex(done.stdout, r"(?m)^ran      1 cell on far: Another CPU, Some GPU$")
        self.assertRegex(done.stdout, r"(?m)^differs  machine: found .+; expected Another CPU, as of 1 cell \(mine/seed-0\)$")


class Refused(Verified):
    def test_what_is_no_run(self):
        done = self.run_program("verify", self.path("nothing"), code=66)
        self.assertIn("found no manifest.json in it; expected the folder of a run", done.stderr)
        os.remove(self.of_run("manifest.json"))
        self.assertIn("found no manifest.json", self.run_program("verify", self.run_folder, code=66).stderr)
        self.put(self.of_run("manifest.json"), "{")
        self.assertIn("found damaged JSON", self.run_program("verify", self.run_folder, code=65).stderr)
        self.put(self.of_run("manifest.json"), '{"schema": "x"}')
        self.assertIn("schema: found x; expected perdure.run-manifest/1",
                      self.run_program("verify", self.run_folder, code=65).stderr)

    def test_a_cell_of_an_older_perdure(self):
        os.remove(self.cell("mine", "manifest.json"))
        whole = self.read(self.of_run("manifest.json"))
        whole["cells"][2]["manifest_sha256"] = None
        self.put(self.of_run("manifest.json"), sealed(whole))
        done = self.run_program("verify", self.run_folder, "--cells", "0", code=1)
        self.assertEqual(self.lines(done, "bad"), ["cells/mine/seed-0/manifest.json: found none; expected one, which an older "
                                                   "Perdure did not write"])

    def test_names_that_lead_elsewhere(self):
        whole = self.read(self.of_run("manifest.json"))
        whole["cells"][0].update(name="../../../x/seed-0", method="../../../x")
        self.put(self.of_run("manifest.json"), sealed(whole))
        done = self.run_program("verify", self.run_folder, "--cells", "0", code=1)
        self.assertIn("manifest.json: cells[0].name: found ../../../x/seed-0; expected METHOD/seed-N", self.lines(done, "bad"))

    def test_options(self):
        self.run_program("verify", self.run_folder, "--cells", "some", code=64)
        self.run_program("verify", code=64)


if __name__ == "__main__":
    unittest.main()
