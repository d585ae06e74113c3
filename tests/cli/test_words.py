#!/usr/bin/env python3
"""What the program says without training anything: help, usage errors, check, list, describe, dry run."""
import json
import os
import shutil
import time
import unittest

from program import BUILD, PROGRAM, Case


class Words(Case):
    def test_version_answers_at_once(self):
        best = 1.0
        for _ in range(10):
            start = time.monotonic()
            done = self.run_program("--version")
            best = min(best, time.monotonic() - start)
        self.assertRegex(done.stdout, r"^perdure \d+\.\d+\.\d+ \(plugin ABI \d+\.\d+\)\n$")
        self.assertEqual(done.stderr, "")
        self.assertLess(best, 0.1)  # 10 ms is the aim (bench/); this only catches a LibTorch that was loaded

    def test_program_links_no_libtorch(self):
        with open(PROGRAM, "rb") as f:
            self.assertNotIn(b"libtorch_cpu.so\0", f.read().replace(b"lib/libtorch_cpu.so\0", b""))

    def test_help_names_every_command(self):
        words = self.run_program("help").stdout
        for command in ("run", "check", "report", "compare", "verify", "bundle", "cite", "bench", "list", "describe", "data", "doctor", "help"):
            self.assertRegex(words, rf"(?m)^  {command} ")
            own = self.run_program("help", command).stdout
            self.assertTrue(own.startswith(f"usage: perdure {command}"), own)
            self.assertEqual(own, self.run_program(command, "--help").stdout)
        self.assertEqual(words, self.run_program("--help").stdout)

    def test_no_command(self):
        done = self.run_program(code=64)
        self.assertEqual(done.stdout, "")
        self.assertIn("found no command", done.stderr)

    def test_unknown_command_has_a_hint(self):
        done = self.run_program("chekc", "clouds.yaml", code=64)
        self.assertEqual(done.stderr, "perdure: error: found command chekc; expected one of: run, check, report, compare, verify, bundle, cite, bench, list, describe, memory, data, plugin, doctor, help\n"
                                      "hint: did you mean check?\n")

    def test_unknown_option_has_a_hint(self):
        done = self.run_program("run", "clouds.yaml", "--fersh", code=64)
        self.assertEqual(done.stderr, "perdure: error: run: found option --fersh; expected one of 'perdure help run'\n"
                                      "hint: did you mean --fresh?\n")

    def test_what_comes_later_is_refused_in_so_many_words(self):
        for command in ("update", "watch", "models"):
            for words in ((command,), ("help", command)):
                self.assertEqual(self.run_program(*words, code=64).stderr,
                                 f"perdure: error: found command {command}, which comes later; expected one of: run, check, "
                                 "report, compare, verify, bundle, cite, bench, list, describe, memory, data, plugin, doctor, help\n")

    def test_set_without_equals(self):
        self.assertIn("--set", self.run_program("check", "clouds.yaml", "--set", "optimizer.lr", code=64).stderr)

    def test_missing_file(self):
        for command in ("check", "run"):
            self.assertIn("nowhere.yaml", self.run_program(command, "nowhere.yaml", code=66).stderr)

    def test_good_scenario(self):
        words = self.run_program("check", "clouds.yaml").stdout
        self.assertIn("2 methods x 2 seeds = 4 cells", words)
        self.assertEqual(self.run_program("run", "clouds.yaml", "--dry-run").stdout, words)
        self.assertFalse(os.path.exists(self.path("runs")))

    def test_set_stands_before_or_behind(self):
        before = self.run_program("check", "--set", "optimizer.lr=0.25", "clouds.yaml").stdout
        self.assertIn("lr 0.25", before)
        self.assertEqual(before, self.run_program("check", "clouds.yaml", "--set=optimizer.lr=0.25").stdout)

    def test_out_is_the_folder_whatever_its_name(self):
        words = self.run_program("run", "clouds.yaml", "--dry-run", "--out", "a 'b': #c").stdout
        self.assertIn("cells into a 'b': #c\n", words)

    def test_all_faults_at_once(self):
        self.write("bad.yaml", "perdure: 1\nname: x\ndata: {set: digits}\nnetwrok: {type: mlp}\n"
                               "training: {batch: -1}\nmethods: [{name: a}]\n")
        lines = self.run_program("check", "bad.yaml", code=78).stderr.splitlines()
        self.assertTrue(lines[0].startswith("perdure: error: bad.yaml:4:1: "), lines)
        self.assertIn("network", lines[1])
        self.assertTrue(any(line.startswith("perdure: error: bad.yaml:5:") for line in lines), lines)
        self.assertEqual(self.run_program("run", "bad.yaml", code=78).stderr.splitlines(), lines)
        faults = json.loads(self.run_program("check", "bad.yaml", "--json", code=78).stdout)
        self.assertEqual(faults["schema"], "perdure.check/1")
        self.assertFalse(faults["good"])
        self.assertEqual([f["line"] for f in faults["faults"]], [4, 5])

    def test_check_reads_the_data(self):
        done = self.run_program("check", "clouds.yaml", "--set", "stream.split.order=[[0, 1], [2, 9]]", code=78)
        self.assertEqual((done.stdout, done.stderr), ("", "perdure: error: --set stream.split.order: found class 9 in task 2; "
                                                          "expected 0 to 3, the classes of csv\n"))
        told = json.loads(self.run_program("check", "clouds.yaml", "--json", "--set", "training.batch=321", code=78).stdout)
        self.assertEqual((told["good"], told["data_read"], told["faults"], told["plan"]), (False, True, [], None))
        self.assertIn("training.batch: found 321; expected at most 320", told["error"])
        done = self.run_program("check", "clouds.yaml", "--set", "data.train=none.csv")
        self.assertEqual(done.stderr, "perdure: data: none.csv is not at hand; its checks wait for run\n")
        self.assertIn("4 cells", done.stdout)

    def test_json_of_check_and_dry_run(self):
        checked = json.loads(self.run_program("check", "clouds.yaml", "--json").stdout)
        self.assertTrue(checked["good"])
        self.assertEqual(checked["plan"]["schema"], "perdure.plan/1")
        dry = json.loads(self.run_program("run", "clouds.yaml", "--dry-run", "--json").stdout)
        self.assertEqual(dry, checked["plan"])

    def test_list(self):
        words = self.run_program("list").stdout
        for name in ("strategies", "replay", "digits", "mlp", "acc.macro"):
            self.assertIn(name, words)
        self.assertNotIn("digits", self.run_program("list", "metrics").stdout)
        everything = json.loads(self.run_program("list", "--json").stdout)
        self.assertEqual(everything["schema"], "perdure.list/1")
        self.assertIn("replay", [s["name"] for s in everything["strategies"]])
        self.assertIn("did you mean metrics?", self.run_program("list", "metricks", code=64).stderr)

    def shapes(self, folder, *names):
        """Copies of tests/plugins/shape.so, whose name says what is wrong with it."""
        os.makedirs(self.path(folder), exist_ok=True)
        for name in names:
            shutil.copy(os.path.join(BUILD, "tests", "plugins", "shape.so"), self.path(folder, name + ".so"))
        return self.path(folder)

    def test_list_tells_refused_plugins_among_the_others(self):
        folder = self.shapes("bad", "abi_two", "load_segv", "shape")
        self.write("bad/broken.so", "no object at all")
        done = self.run_program("list", "strategies", PERDURE_PLUGIN_PATH=folder)
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, r"(?m)^  shape +wrong on purpose$")
        self.assertRegex(done.stdout, r"(?m)^  replay +Experience replay")
        self.assertRegex(done.stdout, r"(?m)^  load_segv +refused: .*load_segv\.so: killed by SIGSEGV while it was loaded;")
        self.assertRegex(done.stdout, r"(?m)^  abi_two +refused: .*found plugin ABI 2\.0.*\n +hint: build it again")
        rows = json.loads(self.run_program("list", "--json", PERDURE_PLUGIN_PATH=folder).stdout)["strategies"]
        refused = {row["name"]: row.get("refused") for row in rows}
        self.assertEqual([name for name in sorted(refused) if refused[name]], ["abi_two", "broken", "load_segv"])
        self.assertIn('found a file that begins with "no objec"', refused["broken"])

    def test_list_tells_files_that_another_hides(self):
        first, second = self.shapes("first", "shape"), self.shapes("second", "shape")
        path = f"{first}:{second}"
        words = self.run_program("list", "strategies", PERDURE_PLUGIN_PATH=path).stdout
        self.assertIn(f" hides {second}/shape.so\n", words)
        rows = json.loads(self.run_program("list", "--json", PERDURE_PLUGIN_PATH=path).stdout)["strategies"]
        shape = next(row for row in rows if row["name"] == "shape")
        self.assertEqual((shape["path"], shape["hidden"]), (f"{first}/shape.so", [f"{second}/shape.so"]))

    def test_standard_output_is_kept_from_plugins(self):
        folder = self.shapes("loud", "load_chatter", "entry_chatter")
        for command in (("list", "--json"), ("doctor", "--json"), ("describe", folder + "/load_chatter.so", "--json")):
            done = self.run_program(*command, PERDURE_PLUGIN_PATH=folder)
            json.loads(done.stdout)
            self.assertIn("words where results belong", done.stderr)

    def test_describe(self):
        self.assertIn("capacity", self.run_program("describe", "replay").stdout)
        self.assertIn("1/T sum_j R[T][j]", self.run_program("describe", "acc.macro").stdout)
        self.assertIn("licence", self.run_program("describe", "digits").stdout)
        self.assertIn("optimizer", self.run_program("describe", "scenario").stdout)
        for name in ("replay", "acc.macro", "digits"):
            told = json.loads(self.run_program("describe", name, "--json").stdout)
            self.assertEqual((told["schema"], told["name"]), ("perdure.describe/1", name))
        schema = json.loads(self.run_program("describe", "scenario", "--json").stdout)
        self.assertIn("draft-07", schema["$schema"])
        path = json.loads(self.run_program("describe", "replay", "--json").stdout)["path"]
        self.assertEqual(self.run_program("describe", path).stdout, self.run_program("describe", "replay").stdout)

    def test_describe_of_a_network(self):
        words = self.run_program("describe", "cnn").stdout
        self.assertTrue(words.startswith("cnn: convolutions "), words)
        self.assertEqual([line.split(":")[0].strip() for line in words.splitlines()[3:]],
                         ["type", "channels", "kernel", "batch_norm", "hidden", "# weights"])
        self.assertRegex(words, r"(?m)^  channels: \[32, 64\] +# .* 2x2 max-pool where the map still has 2 pixels;")
        self.assertRegex(self.run_program("describe", "mlp").stdout, r"(?m)^  hidden: \[400, 400\] ")
        told = json.loads(self.run_program("describe", "resnet18", "--json").stdout)
        self.assertEqual((told["kind"], sorted(told["keys"]["properties"])), ("network", ["type", "weights", "width"]))

    def test_describe_of_a_set_that_is_not_at_hand(self):
        words = self.run_program("describe", "cifar10", PERDURE_DATA=self.path("d")).stdout
        self.assertIn("not at hand: perdure data fetch cifar10\n", words)
        self.assertRegex(words, r"(?m)^  in cifar-10-binary\.tar\.gz, 170052171 bytes, sha256 [0-9a-f]{64}$")
        words = self.run_program("describe", "mnist", PERDURE_DATA=self.path("d")).stdout
        self.assertIn("not at hand: perdure data fetch mnist\n", words)

    def test_describe_of_what_is_not_there(self):
        self.assertIn("did you mean replay?", self.run_program("describe", "replya", code=64).stderr)
        self.assertIn("did you mean cnn?", self.run_program("describe", "cnnn", code=64).stderr)
        self.run_program("describe", "./nothing.so", code=69)

    def test_data(self):
        self.assertIn("mnist", self.run_program("data", "list", "--root", self.path("d")).stdout)
        listed = json.loads(self.run_program("data", "list", "--json").stdout)
        self.assertEqual(listed["schema"], "perdure.data/1")
        self.assertIn("--from", self.run_program("data", "fetch", code=64).stderr)
        self.assertIn("did you mean mnist?", self.run_program("data", "fetch", "mnits", "--from", ".", code=64).stderr)
        self.run_program("data", "fetch", "mnist", "--from", self.path("none"), "--root", self.path("d"), code=66)

    def test_standard_output_that_is_full(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            import subprocess
            done = subprocess.run([PROGRAM, "help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 74)
        self.assertIn("standard output", done.stderr)


if __name__ == "__main__":
    unittest.main()
