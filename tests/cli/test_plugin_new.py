#!/usr/bin/env python3
"""`perdure plugin new`: the folder that it makes is built by make and by CMake, with each compiler that is there, passes its own test, and
is the same strategy in C and in C++."""
import os
import shutil
import stat
import subprocess
import unittest

from program import PROGRAM, SOURCE, Case

INCLUDE = os.path.join(SOURCE, "sdk", "include")
PLACES = {"my_strategy": "own-one", "?= perdure\n": f"?= {PROGRAM}\n", "?= /usr/local/include\n": f"?= {INCLUDE}\n",
          '"/usr/local/include"': f'"{INCLUDE}"', '"/usr/local/bin"': f'"{os.path.dirname(PROGRAM)}"'}
STRICT = {"c": ("CC", "CFLAGS", ("gcc", "clang")), "cxx": ("CXX", "CXXFLAGS", ("g++", "clang++"))}


class New(Case):
    def environment(self, **more):
        """Who did the tutorial in this shell has the program in PATH, where it is named by its name alone, and names the headers."""
        own = os.path.realpath(os.path.dirname(PROGRAM))
        path = os.pathsep.join(one for one in os.environ["PATH"].split(os.pathsep) if os.path.realpath(one) != own)
        clean = super().environment(**{"PATH": path, **more})
        return {k: v for k, v in clean.items() if k not in ("PERDURE", "PERDURE_INCLUDE")}

    def made(self, *options, name="own-one", out=None, **environment):
        done = self.run_program("plugin", "new", name, *options, **environment)
        folder = self.path(out or name)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr, f"perdure: {out or name}: a strategy that works; 'make -C {out or name} test' builds and tests it\n")
        return folder

    def command(self, *words, cwd, **environment):
        done = subprocess.run(words, cwd=cwd, env=self.environment(**environment), capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}\n{done.stderr}")
        return done.stdout + done.stderr

    def compilers(self, language):
        found = [one for one in STRICT[language][2] if shutil.which(one)]
        if not found or (os.environ.get("PERDURE_CI") == "1" and len(found) < 2):
            if os.environ.get("PERDURE_CI") == "1":
                self.fail(f"found {found}; expected {STRICT[language][2]}")
            self.skipTest(f"none of {STRICT[language][2]}")
        return found

    def exports_one(self, file):
        said = self.command("nm", "-D", "--defined-only", file, cwd=self.folder.name)
        self.assertEqual([line.split()[-1] for line in said.splitlines()], ["perdure_plugin"])

    def test_the_folder_is_the_template_with_its_places_filled(self):
        for options, folder, main in (((), "template", "strategy.c"), (("--cxx",), "template-cxx", "strategy.cpp")):
            out = self.made(*options, "--out", folder, out=folder)
            self.assertEqual(sorted(os.listdir(out)),
                             sorted([".gitignore", "CMakeLists.txt", "Makefile", "README.md", "scenario.yaml", main]))
            for name in os.listdir(out):
                file = os.path.join(SOURCE, "sdk", folder, name)
                if not os.path.exists(file):
                    file = os.path.join(SOURCE, "sdk", "template", name)
                with open(file, encoding="utf-8") as f:
                    expected = f.read()
                for place, value in PLACES.items():
                    expected = expected.replace(place, value)
                with open(os.path.join(out, name), encoding="utf-8") as f:
                    self.assertEqual(f.read(), expected, name)
                self.assertNotIn("my_strategy", expected)
            self.assertEqual(stat.S_IMODE(os.stat(out).st_mode), 0o777 & ~self.mask())
        self.assertEqual([name for name in os.listdir(self.folder.name) if "making" in name], [])

    @staticmethod
    def mask():
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def test_make_test(self):
        for language, options in (("c", ()), ("cxx", ("--cxx",))):
            variable, flags, _ = STRICT[language]
            for compiler in self.compilers(language):
                folder = self.made(*options, "--out", compiler, out=compiler)
                given = (f"{variable}={compiler}", f"{flags}=-O2 -Wshadow -Werror")
                self.command("make", *given, cwd=folder)
                if compiler == self.compilers(language)[0]:
                    self.assertIn("acc.macro", self.command("make", "test", *given, cwd=folder))
                self.exports_one(os.path.join(folder, "own-one.so"))
                self.command("make", "clean", cwd=folder)
                self.assertEqual([one for one in os.listdir(folder) if one == "runs" or one.endswith(".so")], [])

    def test_cmake_and_its_tests_and_both_languages_give_the_same_bits(self):
        weights = {}
        for language, options in (("c", ()), ("cxx", ("--cxx",))):
            compiler = self.compilers(language)[0]
            folder = self.made(*options, "--out", "b-" + language, out="b-" + language)
            variable = "CMAKE_C_FLAGS" if language == "c" else "CMAKE_CXX_FLAGS"
            of = "CMAKE_C_COMPILER" if language == "c" else "CMAKE_CXX_COMPILER"
            self.command("cmake", "-S", ".", "-B", "build", f"-D{variable}=-Werror", f"-D{of}={compiler}", cwd=folder)
            self.command("cmake", "--build", "build", cwd=folder)
            self.exports_one(os.path.join(folder, "build", "own-one.so"))
            said = self.command("ctest", "--test-dir", "build", "--output-on-failure", cwd=folder)
            self.assertIn("100% tests passed, 0 tests failed out of 2", said)
            cells = os.path.join(folder, "build", "runs", "own-one", "cells")
            self.assertEqual(sorted(os.listdir(cells)), ["finetune", "own-one"])
            weights[language] = [self.read_json(cells, method, "seed-0", "result.json")["weights_sha256"]
                                 for method in ("finetune", "own-one")]
        self.assertEqual(weights["c"], weights["cxx"])
        self.assertNotEqual(*weights["c"])

    def test_where_headers_and_program_are_found(self):
        """An installed program has its headers in PREFIX/include, and is named as a shell finds it."""
        bin_ = self.path("pre fix", "bin")
        os.makedirs(bin_)
        shutil.copy(PROGRAM, bin_)
        program, said = os.path.join(bin_, "perdure"), self.path("pre fix", "include")
        os.makedirs(os.path.join(said, "perdure"))
        self.write("pre fix/include/perdure/perdure.h", "")
        path = bin_ + ":" + os.environ["PATH"]
        self.command(program, "plugin", "new", "one", cwd=self.folder.name, PATH=path)
        self.command(program, "plugin", "new", "two", cwd=self.folder.name)
        self.command(program, "plugin", "new", "three", "--include", INCLUDE, cwd=self.folder.name)
        places = {name: self.lines_of(name) for name in ("one", "two", "three")}
        self.assertEqual(places, {"one": ["perdure", said], "two": [program, said], "three": [program, INCLUDE]})
        # Paths with a space in them work in both.
        os.rename(said, said + "-away")
        shutil.copytree(INCLUDE, said)
        self.command("make", "CFLAGS=-Werror", cwd=self.path("two"))
        self.command("cmake", "-S", ".", "-B", "build", cwd=self.path("two"))
        self.command("cmake", "--build", "build", cwd=self.path("two"))

    def lines_of(self, folder):
        with open(self.path(folder, "Makefile"), encoding="utf-8") as f:
            return [line.split("?= ")[1].rstrip("\n") for line in f if line.startswith("PERDURE")]

    def test_out_may_lie_deep_and_a_failure_leaves_nothing(self):
        self.made("--out", "a/b/c/", out="a/b/c")
        done = self.run_program("plugin", "new", "own-one", "--out", "/proc/nowhere/own", code=None)
        self.assertIn(done.returncode, (73, 74))
        self.assertRegex(done.stderr, r"^perdure: error: /proc/nowhere: ")
        limited = subprocess.run(["bash", "-c", f"ulimit -f 1; '{PROGRAM}' plugin new own-one --out small"], cwd=self.folder.name,
                                 env=self.environment(), capture_output=True, text=True, check=False)
        self.assertEqual(limited.returncode, 74, limited.stderr)
        self.assertEqual([name for name in os.listdir(self.folder.name) if "small" in name], [])

    def test_a_new_one_can_be_looked_at(self):
        folder = self.made()
        self.command("make", "-s", cwd=folder)
        said = self.run_program("plugin", "show", os.path.join(folder, "own-one.so")).stdout
        self.assertRegex(said, r"^own-one 0\.1: Pulls parameters")
        self.run_program("check", os.path.join(folder, "scenario.yaml"))


if __name__ == "__main__":
    unittest.main()
