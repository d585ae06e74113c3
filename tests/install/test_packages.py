"""The Debian packages: what they say of themselves, what is in them, and that their files work. scripts/test-packages goes
further: it installs them in a Debian of their own."""
import os
import re
import subprocess

import installed

CPACK = os.environ.get("PERDURE_CPACK", "cpack")


class Packages(installed.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = os.path.join(cls.root, "packages")
        cls.files = {}

    def setUp(self):
        super().setUp()
        if not self.files:
            subprocess.run([CPACK, "--config", os.path.join(installed.BUILD, "CPackConfig.cmake"), "-B", self.made], check=True,
                           stdout=subprocess.DEVNULL)
            for name in os.listdir(self.made):
                if name.endswith(".deb"):
                    self.files[name.split("_")[0]] = os.path.join(self.made, name)

    def field(self, package, name):
        return self.run_in("dpkg-deb", "-f", self.files[package], name).stdout.strip()

    def contents(self, package):
        told = self.run_in("dpkg-deb", "-c", self.files[package]).stdout
        return {line.split()[5][1:]: line.split()[:2] for line in told.splitlines() if not line.split()[5].endswith("/")}

    def test_what_they_say(self):
        self.assertEqual(sorted(self.files), ["perdure", "perdure-dev"])
        needed = re.findall(r"(?:^|, )([a-z0-9.+-]+)", self.field("perdure", "Depends"))
        for library in ("libc6", "libyaml-0-2", "libjansson4", "libssl3", "liblmdb0", "libstdc++6"):
            self.assertIn(library, needed)
        self.assertFalse([name for name in needed if "torch" in name or "c10" in name])
        self.assertIn("python3-pip", self.field("perdure", "Recommends"))
        version = self.field("perdure", "Version")
        self.assertEqual(self.field("perdure-dev", "Depends"), f"perdure (= {version})")
        self.assertEqual(self.field("perdure-dev", "Architecture"), "all")
        for package in self.files:
            self.assertNotIn("\n .\n .", self.field(package, "Description"))
            self.assertRegex(self.field(package, "Description"), r"\A.{20,}\n .{20,}")

    def test_what_is_in_them(self):
        program, sdk = self.contents("perdure"), self.contents("perdure-dev")
        self.assertFalse(program.keys() & sdk.keys())
        for path in ("/usr/bin/perdure", "/usr/lib/libperdure_engine.so", "/usr/lib/perdure/plugins/1/ewc.so",
                     "/usr/share/man/man1/perdure.1", "/usr/share/zsh/vendor-completions/_perdure", "/usr/share/doc/perdure/copyright"):
            self.assertIn(path, program)
        for path in ("/usr/include/perdure/plugin.h", "/usr/lib/cmake/Perdure/PerdureConfig.cmake", "/usr/lib/pkgconfig/perdure.pc"):
            self.assertIn(path, sdk)
        self.assertFalse([path for path in sdk if path.endswith(".so") or "/bin/" in path])
        for path, (mode, owner) in {**program, **sdk}.items():
            self.assertEqual(owner, "root/root", path)
            self.assertIn(mode, ("-rw-r--r--", "-rwxr-xr-x"), path)

    def test_their_files_work(self):
        for package in self.files.values():
            self.run_in("dpkg-deb", "-x", package, "root")
        told = self.run_in("readelf", "-S", "root/usr/bin/perdure").stdout
        self.assertNotIn(".debug_info", told)  # stripped
        scenario = self.path("root/usr/share/perdure/examples/split-digits/scenario.yaml")
        self.run_in("root/usr/bin/perdure", "run", scenario, "--out", "out", "--set", "training.epochs=1", "--set", "seeds=[0]",
                    "--only", "replay", TORCH_ROOT=installed.TORCH)
        self.assertEqual(self.result("out/cells/replay/seed-0")["status"], "done")

    def test_what_was_fetched_goes_with_it(self):
        self.run_in("dpkg-deb", "-e", self.files["perdure"], "control")
        with open(self.path("control/postrm"), encoding="utf-8") as f:
            script = f.read().replace("/usr/lib/perdure", self.path("lib/perdure"))
        self.write("postrm", script)
        self.write("lib/perdure/libtorch/torch/lib/libtorch_cpu.so", "")
        os.symlink("libtorch/torch", self.path("lib/perdure/torch"))
        self.run_in("sh", "postrm", "upgrade", "0.2.0")
        self.assertTrue(os.path.exists(self.path("lib/perdure/torch/lib/libtorch_cpu.so")))
        self.run_in("sh", "postrm", "remove")
        self.assertFalse(os.path.exists(self.path("lib/perdure")))
        self.run_in("sh", "postrm", "purge")


if __name__ == "__main__":
    installed.main("dpkg-deb", "dpkg-shlibdeps", "file")
