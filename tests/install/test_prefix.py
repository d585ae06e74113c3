"""The program from a prefix that was moved: what lies there, where LibTorch is looked for, and the digits example."""
import os
import re
import subprocess
import unittest

import installed

STRATEGIES = ["agem", "ewc", "genreplay", "icarl", "lwf", "replay", "si"]
SHORT = ("--set", "training.epochs=1", "--set", "seeds=[0]")


def named(place):
    """The path itself or one below it, and no part of a longer one. -I and -L may stand before it."""
    return re.compile(rb"(?:(?<![\w.~})-])|(?<=-[IL]))" + re.escape(place).encode() + rb"(?![\w.-])")


class Prefix(installed.Case):
    def test_what_lies_there(self):
        for path in ("bin/perdure", "bin/perdure-setup-torch", "lib/libperdure_engine.so", "lib/libperdure_fetch.so",
                     "include/perdure/perdure.h", "lib/pkgconfig/perdure.pc", "lib/cmake/Perdure/PerdureConfig.cmake",
                     "share/perdure/data/digits.csv.gz", "share/perdure/examples/split-digits/scenario.yaml",
                     "share/man/man1/perdure-run.1", "share/man/man1/perdure-setup-torch.1",
                     "share/bash-completion/completions/perdure", "share/zsh/site-functions/_perdure",
                     "share/fish/vendor_completions.d/perdure.fish"):
            self.assertTrue(os.path.isfile(self.at(path)), path)
        plugins = sorted(os.listdir(self.at("lib/perdure/plugins/1")))
        self.assertLessEqual({name + ".so" for name in STRATEGIES}, set(plugins))
        self.assertEqual(plugins, sorted(n for n in os.listdir(os.path.join(installed.BUILD, "lib/perdure/plugins/1"))))
        headers = sorted(os.listdir(self.at("include/perdure")))
        self.assertEqual(headers, sorted(os.listdir(os.path.join(installed.SOURCE, "sdk/include/perdure"))))

    def test_nothing_points_back(self):
        """No library path in an object, and no path of checkout, build or first prefix in a file of text."""
        for folder, _, names in os.walk(self.prefix):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    content = f.read()
                if content[:4] == b"\x7fELF":
                    told = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
                    self.assertNotRegex(told, r"R(UN)?PATH", path)
                else:
                    for place in (installed.SOURCE, installed.BUILD, os.path.join(self.root, "first")):
                        self.assertIsNone(named(place).search(content), f"{path}: {place}")

    def test_a_path_is_found_as_a_whole(self):
        """A checkout may lie in /perdure, as in a container: share/perdure is no word of it."""
        for text in (b"/perdure", b"at '/perdure/build'", b"-I/perdure/sdk", b"set(A \"/perdure\")", b"PATH=/perdure:"):
            self.assertTrue(named("/perdure").search(text), text)
        for text in (b"share/perdure", b"${prefix}/perdure/", b"~/perdure", b"../perdure", b"/perdure.h", b"/perdure-dev", b"$(A)/perdure"):
            self.assertFalse(named("/perdure").search(text), text)

    def test_without_libtorch(self):
        """An installed program takes LibTorch of its own prefix, and none that somebody laid beside it."""
        os.makedirs(os.path.join(self.root, ".deps", "libtorch", "torch", "lib"), exist_ok=True)
        with open(os.path.join(self.root, ".deps", "libtorch", "torch", "lib", "libtorch_cpu.so"), "wb"):
            pass
        scenario = self.at("share/perdure/examples/split-digits/scenario.yaml")
        for environment, place in (({}, self.at("lib/perdure/torch")), ({"TORCH_ROOT": "/nowhere"}, "/nowhere")):
            done = self.perdure("run", scenario, code=69, **environment)
            self.assertRegex(done.stderr, re.escape(
                f"perdure: error: LibTorch: found no lib/libtorch_cpu.so in {place}; expected LibTorch ") + r"2\.\d+\.\d+\n" +
                re.escape(f"hint: run {self.at('bin/perdure-setup-torch')}, or set TORCH_ROOT to the folder that holds LibTorch's lib/\n"))
        self.assertEqual(self.perdure("list", "strategies").returncode, 0)  # what computes nothing needs none

    def test_digits(self):
        scenario = self.at("share/perdure/examples/split-digits/scenario.yaml")
        self.perdure("run", scenario, "--out", "asked", *SHORT, TORCH_ROOT=installed.TORCH)
        os.symlink(installed.TORCH, self.at("lib/perdure/torch"))
        self.addCleanup(os.unlink, self.at("lib/perdure/torch"))
        done = self.perdure("run", scenario, "--out", "own", *SHORT)
        self.assertIn("acc.macro", done.stdout)
        asked, own = (self.result(out, "cells/replay/seed-0") for out in ("asked", "own"))
        self.assertEqual(asked["weights_sha256"], own["weights_sha256"])
        self.perdure("verify", "own")  # program, engine, plugins and LibTorch are found again
        self.perdure("run", scenario, "--out", "none", *SHORT, TORCH_ROOT="/nowhere", code=69)  # what is asked for counts first

    def test_through_a_link(self):
        """bin may be entered by a link, as in ~/.local/bin."""
        os.symlink(self.at("bin/perdure"), self.path("perdure"))
        told = self.run_in(self.path("perdure"), "list", "strategies", "--json").stdout
        for name in STRATEGIES:
            self.assertIn(f'"{name}"', told)


if __name__ == "__main__":
    unittest.main()
