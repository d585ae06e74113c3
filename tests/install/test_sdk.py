"""What `perdure plugin new` makes, built against the installed SDK: by make, by pkg-config and by find_package, each as a stranger
would, far from the checkout. The three objects must train to the same weights."""
import os
import shutil
import unittest

import installed

PROJECT = """\
cmake_minimum_required(VERSION 3.16)
project(mine LANGUAGES C)
find_package(Perdure 0.1 REQUIRED)
perdure_add_strategy(mine strategy.c)
add_executable(look look.c)
target_link_libraries(look PRIVATE Perdure::sdk)
install(TARGETS mine LIBRARY DESTINATION ${PERDURE_PLUGINS})
"""
LOOK = """\
#include <perdure/perdure.h>
int main(void) { return PDR_ABI_MAJOR == 1 ? 0 : 1; }
"""


class Sdk(installed.Case):
    def setUp(self):
        super().setUp()
        self.perdure("plugin", "new", "mine")

    def by_make(self):
        done = self.run_in("make", "-C", "mine", "test", TORCH_ROOT=installed.TORCH)
        self.assertIn("acc.macro", done.stdout)
        return self.path("mine/mine.so")

    def by_pkg_config(self):
        self.need("pkg-config")
        where = {"PKG_CONFIG_PATH": self.at("lib/pkgconfig")}
        flags = self.run_in("pkg-config", "--cflags", "perdure", **where).stdout.split()
        self.assertEqual([os.path.realpath(f[2:]) for f in flags], [self.at("include")])
        plugins = self.run_in("pkg-config", "--variable=plugindir", "perdure", **where).stdout.strip()
        self.assertEqual(os.path.realpath(plugins), self.at("lib/perdure/plugins/1"))
        self.run_in("cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden", *flags,
                    "mine/strategy.c", "-o", "mine/by_pkg_config.so", "-lm")
        return self.path("mine/by_pkg_config.so")

    def by_find_package(self):
        self.write("mine/CMakeLists.txt", PROJECT)
        self.write("mine/look.c", LOOK)
        self.run_in(installed.CMAKE, "-S", "mine", "-B", "mine/build", "-DCMAKE_PREFIX_PATH=" + self.prefix,
                    "-DCMAKE_C_FLAGS=-Werror")
        self.run_in(installed.CMAKE, "--build", "mine/build")
        self.run_in("mine/build/look")
        told = self.run_in("nm", "-D", "--defined-only", "mine/build/mine.so").stdout
        self.assertEqual([line.split()[-1] for line in told.splitlines()], ["perdure_plugin"])
        return self.path("mine/build/mine.so")

    def weights(self, name, plugin):
        """Those after a short run of the digits with this object, named by its path."""
        with open(self.at("share/perdure/examples/split-digits/scenario.yaml"), encoding="utf-8") as f:
            head = f.read().split("methods:")[0]
        self.write(name + ".yaml", f"{head}methods:\n  - {{name: mine, strategies: [{{plugin: {plugin}, with: {{strength: 0.5}}}}]}}\n")
        self.perdure("check", name + ".yaml")
        self.perdure("run", name + ".yaml", "--out", name, "--set", "training.epochs=1", "--set", "seeds=[0]",
                     TORCH_ROOT=installed.TORCH)
        return self.result(name, "cells/mine/seed-0")["weights_sha256"]

    def test_three_ways(self):
        ways = {"make": self.by_make(), "pkg-config": self.by_pkg_config(), "find_package": self.by_find_package()}
        self.assertEqual(len({self.weights(name, plugin) for name, plugin in ways.items()}), 1)

    def test_by_cmake_alone(self):
        """The folder's own CMakeLists.txt, which asks for no package: it knows where the headers and the program were."""
        self.run_in(installed.CMAKE, "-S", "mine", "-B", "mine/build")
        self.run_in(installed.CMAKE, "--build", "mine/build")
        self.run_in(installed.CMAKE, "-E", "chdir", "mine/build", "ctest", "--output-on-failure", TORCH_ROOT=installed.TORCH)

    def test_examples(self):
        """Those that are installed build where they are copied to, and can be loaded."""
        shutil.copytree(self.at("share/perdure/examples"), self.path("examples"))
        self.run_in("make", "-C", "examples/own-strategy", "c", "cxx", "PERDURE_INCLUDE=" + self.at("include"))
        self.run_in(installed.CMAKE, "-S", "examples/strategies", "-B", "built", "-DCMAKE_PREFIX_PATH=" + self.prefix)
        self.run_in(installed.CMAKE, "--build", "built")
        with open(self.path("built/CMakeCache.txt"), encoding="utf-8") as f:
            self.assertIn(f"Perdure_DIR:PATH={self.at('lib/cmake/Perdure')}\n", f.read())
        found = sorted(name for name in os.listdir(self.path("built")) if name.endswith(".so"))
        self.assertEqual(found, ["bic.so", "er-ace.so", "gdumb.so", "mas.so", "packnet.so"])
        for path in [*(f"built/{name}" for name in found), "examples/own-strategy/steady-c.so", "examples/own-strategy/steady-cxx.so"]:
            self.assertIn('"schema":', self.perdure("describe", "./" + path, "--json").stdout)
        self.assertFalse(os.path.exists(self.at("share/perdure/examples/strategies/lines")))

    def test_installed_beside_the_others(self):
        self.by_find_package()
        self.run_in(installed.CMAKE, "--install", "mine/build")
        self.addCleanup(os.unlink, self.at("lib/perdure/plugins/1/mine.so"))
        self.assertIn("strength", self.perdure("describe", "mine").stdout)

    def test_another_version(self):
        self.write("mine/CMakeLists.txt", PROJECT.replace("Perdure 0.1", "Perdure 7"))
        done = self.run_in(installed.CMAKE, "-S", "mine", "-B", "mine/build", "-DCMAKE_PREFIX_PATH=" + self.prefix, code=1)
        self.assertIn('requested version "7"', done.stderr)


if __name__ == "__main__":
    unittest.main()
