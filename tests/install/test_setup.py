"""perdure-setup-torch, with an index of the test's own in the place of PyPI's: a folder with one small wheel."""
import hashlib
import os
import subprocess
import unittest
import zipfile

import installed


class Setup(installed.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.index = os.path.join(cls.root, "index")
        os.makedirs(cls.index)

    def setUp(self):
        super().setUp()
        for name in ("libtorch", "torch", "libtorch.lock"):
            self.run_in("rm", "-rf", self.at("lib/perdure", name))
        self.wheel(b"library")
        self.free(10000)

    def free(self, megabytes):
        """So much room is there, as df tells: that of /tmp is nothing that a wheel of a kilobyte needs."""
        self.write("bin/df", f"#!/bin/sh\nprintf 'Filesystem 1024-blocks Used Available Capacity Mounted on\\nx 9 9 {megabytes * 1024} 9%% /\\n'\n")
        os.chmod(self.path("bin/df"), 0o755)

    def wheel(self, library, listed=None, name="torch", path="torch/lib/libtorch_cpu.so", to="libtorch.txt"):
        """A wheel as torch's is laid out, and the list that names it by its hash."""
        tag = "cp312-cp312-manylinux_2_28_x86_64"
        wheel = os.path.join(self.index, f"{name}-2.11.0-{tag}.whl")
        about = f"{name}-2.11.0.dist-info/"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(path, library)
            archive.writestr("torch/include/torch/version.h", "")
            archive.writestr("torch/__init__.py", "")
            archive.writestr(about + "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.11.0\n")
            archive.writestr(about + "WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
            archive.writestr(about + "RECORD", "")
        with open(wheel, "rb") as f:
            digest = listed or hashlib.sha256(f.read()).hexdigest()
        with open(self.at("share/perdure/setup", to), "w", encoding="utf-8") as f:
            f.write(f"{name}==2.11.0 \\\n    --hash=sha256:{digest}\n")

    def where(self):
        return {"PATH": f"{self.path('bin')}:{os.environ['PATH']}", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": self.index}

    def setup(self, *words, code=0, **more):
        return self.run_in(self.at("bin/perdure-setup-torch"), *words, code=code, **self.where(), **more)

    def library(self, *parts):
        with open(os.path.join(*parts, "lib/libtorch_cpu.so"), "rb") as f:
            return f.read()

    def test_fills_the_prefix(self):
        self.assertIn("libtorch_cpu.so in " + self.at("lib/perdure/torch"), self.perdure("doctor", code=1).stdout)
        done = self.setup()
        self.assertEqual(done.stderr, "perdure-setup-torch: downloading LibTorch to lib/perdure/libtorch\n"
                                      f"perdure-setup-torch: LibTorch 2.11.0 is in {self.at('lib/perdure/torch')}\n")
        self.assertEqual(self.library(self.at("lib/perdure/torch")), b"library")
        self.assertFalse(os.path.exists(self.at("lib/perdure/torch/__init__.py")))
        self.assertEqual(os.readlink(self.at("lib/perdure/torch")), "libtorch/torch")  # so that the prefix may move
        self.assertEqual(os.stat(self.at("lib/perdure/torch/lib/libtorch_cpu.so")).st_mode & 0o777, 0o644)
        self.assertEqual(sorted(os.listdir(self.at("lib/perdure"))), ["libtorch", "libtorch.lock", "plugins", "torch"])
        self.assertIn("libtorch_cpu.so", self.perdure("doctor", code=1).stdout.split("does not load")[1])  # it is no library
        for name in os.listdir(self.index):
            os.unlink(os.path.join(self.index, name))
        again = self.setup(TORCH_ROOT="/elsewhere")  # nothing is downloaded
        self.assertEqual(again.stderr, f"perdure-setup-torch: LibTorch 2.11.0 is in {self.at('lib/perdure/torch')}\n"
                                       "perdure-setup-torch: but TORCH_ROOT=/elsewhere is set, and counts before it\n")
        self.wheel(b"newer")
        self.setup()  # as after an upgrade: another list
        self.assertEqual(self.library(self.at("lib/perdure/torch")), b"newer")

    def test_a_file_with_another_hash(self):
        self.wheel(b"library", listed="0" * 64)
        done = self.setup(code=69)
        self.assertIn("THESE PACKAGES DO NOT MATCH THE HASHES", done.stderr)
        self.assertTrue(done.stderr.endswith("could not download LibTorch from the Python package index (see above)\n"), done.stderr)
        self.assertFalse(os.path.exists(self.at("lib/perdure/torch")))
        self.wheel(b"library")
        self.setup()
        self.assertEqual(self.library(self.at("lib/perdure/torch")), b"library")

    def test_what_a_gpu_needs_comes_to_it(self):
        self.wheel(b"cublas", name="nvidia_cublas", path="nvidia/cu13/lib/libcublas.so", to="libtorch-gpu.txt")
        self.setup()
        os.unlink(os.path.join(self.index, "torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl"))  # is not downloaded again
        self.setup("--gpu")
        self.assertEqual(self.library(self.at("lib/perdure/torch")), b"library")
        self.assertTrue(os.path.isfile(self.at("lib/perdure/libtorch/nvidia/cu13/lib/libcublas.so")))

    def test_two_at_once_after_one_that_was_killed(self):
        for left in ("libtorch.work/fresh/torch/lib", "libtorch.work/tmp", "libtorch.stale/torch"):
            os.makedirs(self.at("lib/perdure", left))
        with open(self.at("lib/perdure/libtorch.stale/stamp"), "w", encoding="utf-8"):
            pass
        environment = {**self.where(), "HOME": self.folder}
        both = [subprocess.Popen([self.at("bin/perdure-setup-torch")], env=environment, stderr=subprocess.PIPE, text=True) for _ in "12"]
        said = [one.communicate(timeout=120)[1] for one in both]
        self.assertEqual([one.returncode for one in both], [0, 0], said)
        self.assertEqual("".join(said).count("downloading LibTorch"), 1, said)
        self.assertEqual(self.library(self.at("lib/perdure/torch")), b"library")
        self.assertEqual(sorted(os.listdir(self.at("lib/perdure"))), ["libtorch", "libtorch.lock", "plugins", "torch"])

    def test_to_a_folder(self):
        done = self.setup("--to", "own/torch")
        self.assertTrue(done.stderr.endswith(f"export TORCH_ROOT={self.path('own/torch/torch')}\n"), done.stderr)
        self.assertEqual(self.library(self.path("own/torch/torch")), b"library")
        self.assertFalse(os.path.exists(self.at("lib/perdure/torch")))

    def refused(self, code, words, *arguments):
        done = self.setup(*arguments, code=code)
        self.assertEqual(done.stderr, f"perdure-setup-torch: error: {words}\n")

    def test_too_little_room(self):
        self.free(7999)
        self.refused(69, f"found 7999 MB free in {self.at('lib/perdure')}; expected 8 GB", "--gpu")
        self.free(2999)
        self.refused(69, f"found 2999 MB free in {self.at('lib/perdure')}; expected 3 GB")
        self.assertFalse(os.path.exists(self.at("lib/perdure/libtorch")))

    def test_refusals(self):
        os.makedirs(self.at("lib/perdure/torch"))
        self.refused(73, f"found {self.at('lib/perdure/torch')}, which is not from here; expected it to be absent (or use --to DIR)")
        os.makedirs(self.path("mine"))
        self.refused(73, f"found {self.path('mine')}, which is not from here; expected it to be absent", "--to", self.path("mine"))
        self.refused(73, "/proc/1/none: found that it cannot be written; expected it to be (run this as root, or use --to DIR)",
                     "--to", "/proc/1/none/torch")
        os.unlink(self.at("share/perdure/setup/libtorch.txt"))
        self.refused(69, f"found no {self.at('share/perdure/setup/libtorch.txt')}: this Perdure was built against a LibTorch whose "
                         "hashes it does not know; expected TORCH_ROOT to name that LibTorch")
        for words in (("--what",), ("--to",), ("more",)):
            self.assertTrue(self.setup(*words, code=64).stderr.startswith("perdure-setup-torch [--gpu] [--to DIR]\n"))
        self.assertTrue(self.setup("--help").stdout.startswith("perdure-setup-torch [--gpu] [--to DIR]\n"))

    def test_in_a_checkout(self):
        script = os.path.join(installed.SOURCE, "scripts/perdure-setup-torch")
        done = self.run_in(script, code=69)
        self.assertIn("(in a checkout: scripts/setup)", done.stderr)


if __name__ == "__main__":
    unittest.main()
