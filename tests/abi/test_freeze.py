#!/usr/bin/env python3
"""scripts/freeze-abi on a copy of the SDK: it freezes what only grew, once, and refuses all else with the member's name."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ["PERDURE_SOURCE_DIR"]
HOST = "sdk/include/perdure/host.h"
PLUGIN = "sdk/include/perdure/plugin.h"
STATUS = "sdk/include/perdure/status.h"
ADDED = "    int64_t (*count)(const pdr_memory *m, int64_t column);\n"


class Freeze(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        """One copy in which the headers' own minor is frozen and not released, whatever it is; each test has a copy of that."""
        folder = tempfile.TemporaryDirectory(prefix="perdure-freeze-")
        cls.addClassCleanup(folder.cleanup)
        cls.frozen = cls.root = folder.name
        shutil.copytree(os.path.join(SOURCE, "sdk"), os.path.join(cls.root, "sdk"))
        os.makedirs(os.path.join(cls.root, "scripts"))
        for name in ("freeze-abi", "common.sh"):
            shutil.copy(os.path.join(SOURCE, "scripts", name), os.path.join(cls.root, "scripts"))
        with open(os.path.join(cls.root, STATUS), encoding="utf-8") as f:
            cls.now = int(re.search(r"#define PDR_ABI_MINOR (\d+)u", f.read())[1])
        cls.then = cls.now + 1
        shutil.rmtree(os.path.join(cls.root, f"sdk/abi/v1.{cls.now}"), ignore_errors=True)
        with open(os.path.join(cls.root, "sdk/abi/CHANGES.md"), "r+", encoding="utf-8") as f:
            kept = re.sub(rf"(?s)\n## 1\.{cls.now} .*?(?=\n## |\Z)", "", f.read())
            f.seek(0)
            f.truncate()
            f.write(kept)
        subprocess.run(["bash", os.path.join(cls.root, "scripts/freeze-abi"), str(cls.now)], check=True, capture_output=True)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="perdure-freeze-")
        self.addCleanup(folder.cleanup)
        self.root = os.path.join(folder.name, "copy")
        shutil.copytree(self.frozen, self.root)

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def text(self, name):
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    def change(self, name, old, new):
        text = self.text(name)
        self.assertIn(old, text)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text.replace(old, new, 1))

    def freeze(self, *arguments, code=0):
        done = subprocess.run(["bash", self.path("scripts/freeze-abi"), *arguments], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=120)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual([n for n in os.listdir(self.path("sdk/abi")) if n.startswith(".")], [])
        return done.stderr

    def raise_minor(self):
        self.change(STATUS, f"#define PDR_ABI_MINOR {self.now}u", f"#define PDR_ABI_MINOR {self.then}u")

    def append(self, fence=None):
        """A slot at the end of the table of memories."""
        slot = "    int64_t (*later)(const pdr_memory *m);\n"
        slot = f"#if PDR_VISIBLE_MINOR >= {fence}\n{slot}#endif\n" if fence else slot
        self.change(HOST, "} pdr_memory_api;", slot + "} pdr_memory_api;")

    def first_minor(self, name):
        return dict(line.split() for line in self.text("sdk/abi/functions.txt").splitlines()).get(name)

    def test_what_is_kept(self):
        self.assertEqual(self.first_minor("pdr_memory_api.count"), "1.0")
        self.assertEqual(self.first_minor("PDR_GRAPH_SAFE"), "1.0")
        self.assertEqual(self.first_minor("pdr_failf"), "1.0")
        self.assertIsNone(self.first_minor("pdr_pictures_api.grid"))
        self.assertFalse(os.path.exists(self.path(f"sdk/abi/v1.{self.now}/include/perdure/pictures.h")))
        self.assertEqual(self.text(f"sdk/abi/v1.{self.now}/include/perdure/host.h"), self.text(HOST))
        self.assertIn("AT(pdr_host, extension, 112, 8);", self.text(f"sdk/abi/v1.{self.now}/layout.c"))
        self.assertIn("name='pdr_memory_api'", self.text(f"sdk/abi/v1.{self.now}/abi.xml"))
        self.assertNotIn(SOURCE, self.text(f"sdk/abi/v1.{self.now}/abi.xml"))
        self.assertIn(f"## 1.{self.now} (not released)", self.text("sdk/abi/CHANGES.md"))

    def test_once(self):
        self.assertIn(f"1.{self.now} is frozen already", self.freeze(str(self.now)))
        self.change(HOST, "Gives it back.", "Gives it back, whole.")
        self.assertIn(f"1.{self.now} is frozen already", self.freeze(str(self.now)))
        self.append()
        self.assertIn(f"found other declarations in sdk/include than in sdk/abi/v1.{self.now}; expected the same: raise PDR_ABI_MINOR",
                      self.freeze(str(self.now), code=1))
        self.assertIsNone(self.first_minor("pdr_memory_api.later"))

    def test_again_until_it_is_released(self):
        self.append(fence=self.now)
        self.freeze(str(self.now), "--again")
        self.assertEqual(self.first_minor("pdr_memory_api.later"), f"1.{self.now}")
        self.freeze(str(self.now), "--released")
        self.assertRegex(self.text("sdk/abi/CHANGES.md"), rf"(?m)^## 1\.{self.now} \(\d{{4}}-\d\d-\d\d\)$")
        self.assertIn(f'found 1.{self.now} released in sdk/abi/CHANGES.md; expected "1.{self.now} (not released)" there',
                      self.freeze(str(self.now), "--again", code=1))

    def test_a_minor_that_only_grew(self):
        before = self.text(f"sdk/abi/v1.{self.now}/abi.xml")
        self.raise_minor()
        self.append(fence=self.then)
        self.freeze(str(self.then))
        self.assertEqual(self.first_minor("pdr_memory_api.later"), f"1.{self.then}")
        self.assertEqual(self.first_minor("pdr_memory_api.close"), "1.0")
        self.assertEqual(self.text(f"sdk/abi/v1.{self.now}/abi.xml"), before)
        self.assertIn("AT(pdr_memory_api, later, 88, 8);", self.text(f"sdk/abi/v1.{self.then}/layout.c"))
        self.assertRegex(self.text("sdk/abi/CHANGES.md"), rf"(?s)## 1\.{self.then} \(not released\)\n\n- `pdr_memory_api\.later`\n\n## 1\.{self.now}")

    def refused(self, words, *arguments):
        said = self.freeze(*(arguments or (str(self.then),)), code=1)
        self.assertIn(words, said)
        self.assertFalse(os.path.exists(self.path(f"sdk/abi/v1.{self.then}")))

    def test_no_fence(self):
        self.raise_minor()
        self.append()
        self.refused(f"1.{self.now}: pdr_memory_api.later: found it outside of a fence; expected #if PDR_VISIBLE_MINOR >= {self.then} around it\n")

    def test_a_fence_of_what_is_still_to_come(self):
        self.raise_minor()
        self.append(fence=self.then + 1)
        self.refused(f"pdr_memory_api.later: found a fence of 1.{self.then + 1}; expected at most 1.{self.then}, the headers' own\n")

    def test_a_slot_that_is_gone(self):
        self.raise_minor()
        self.change(HOST, ADDED, "")
        self.refused(f"1.{self.now}: pdr_memory_api.count: found nothing; expected it as it was: int64_t ( * count )")

    def test_a_slot_that_moved(self):
        self.raise_minor()
        self.change(HOST, ADDED, "")
        self.change(HOST, "} pdr_memory_api;", ADDED + "} pdr_memory_api;")
        self.refused(f"1.{self.now}: pdr_memory_api: found pdr_memory_api.capacity in place 10; expected pdr_memory_api.count: members are only")

    def test_another_type(self):
        self.raise_minor()
        self.change(HOST, ADDED, ADDED.replace("int64_t column", "int32_t column"))
        self.refused(f"1.{self.now}: pdr_memory_api.count: found int64_t ( * count ) ( const pdr_memory * m , int32_t column ); expected it as")

    def test_another_value(self):
        self.raise_minor()
        self.change(PLUGIN, "PDR_RANK_SAFE = 8u", "PDR_RANK_SAFE = 1024u")
        self.refused(f"1.{self.now}: PDR_RANK_SAFE: found 1024u + 0; expected it as it was: 8u + 0\n")

    def test_a_constant_in_the_middle(self):
        self.raise_minor()
        self.change(HOST, "    PDR_HEAD_WEIGHT,", "    PDR_OTHER, PDR_HEAD_WEIGHT,")
        self.refused(f"1.{self.now}: PDR_HEAD_WEIGHT: found + 4; expected it as it was: + 3\n")

    def test_tail_padding(self):
        self.raise_minor()
        self.change(HOST, "} pdr_memory_api;", f"#if PDR_VISIBLE_MINOR >= {self.then}\n    int32_t small;\n#endif\n}} pdr_memory_api;")
        self.refused("pdr_memory_api: found 4 bytes of tail padding; expected none (PDR_HAS)\n")

    def test_another_minor_than_the_headers(self):
        self.refused(f"found PDR_ABI_MINOR {self.now} in sdk/include; expected {self.then}, which is to be frozen")

    def test_usage(self):
        for arguments in ((), ("one",), ("0", "1"), ("0", "--twice")):
            self.assertIn("scripts/freeze-abi MINOR", self.freeze(*arguments, code=64))


if __name__ == "__main__":
    if not shutil.which("abidw"):
        print("skipped: abidw is not installed (Debian: abigail-tools)")
        sys.exit(1 if os.environ.get("PERDURE_CI") == "1" else 77)
    unittest.main()
