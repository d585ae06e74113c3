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
        """One copy, frozen; each test has a copy of that. They are about minor 0 before its release, whatever stands in the tree."""
        folder = tempfile.TemporaryDirectory(prefix="perdure-freeze-")
        cls.addClassCleanup(folder.cleanup)
        cls.frozen = folder.name
        shutil.copytree(os.path.join(SOURCE, "sdk"), os.path.join(cls.frozen, "sdk"))
        os.makedirs(os.path.join(cls.frozen, "scripts"))
        for name in ("freeze-abi", "common.sh"):
            shutil.copy(os.path.join(SOURCE, "scripts", name), os.path.join(cls.frozen, "scripts"))
        for name in os.listdir(os.path.join(cls.frozen, "sdk/abi")):
            if re.fullmatch(r"v1\.\d+", name):
                shutil.rmtree(os.path.join(cls.frozen, "sdk/abi", name))
            elif name in ("functions.txt", "CHANGES.md"):
                os.remove(os.path.join(cls.frozen, "sdk/abi", name))
        subprocess.run(["bash", os.path.join(cls.frozen, "scripts/freeze-abi"), "0"], check=True, capture_output=True)

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
        self.change(STATUS, "#define PDR_ABI_MINOR 0u", "#define PDR_ABI_MINOR 1u")

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
        self.assertFalse(os.path.exists(self.path("sdk/abi/v1.0/include/perdure/pictures.h")))
        self.assertEqual(self.text("sdk/abi/v1.0/include/perdure/host.h"), self.text(HOST))
        self.assertIn("AT(pdr_host, extension, 112, 8);", self.text("sdk/abi/v1.0/layout.c"))
        self.assertIn("name='pdr_memory_api'", self.text("sdk/abi/v1.0/abi.xml"))
        self.assertNotIn(SOURCE, self.text("sdk/abi/v1.0/abi.xml"))
        self.assertIn("## 1.0 (not released)", self.text("sdk/abi/CHANGES.md"))

    def test_once(self):
        self.assertIn("1.0 is frozen already", self.freeze("0"))
        self.change(HOST, "Gives it back.", "Gives it back, whole.")
        self.assertIn("1.0 is frozen already", self.freeze("0"))
        self.append()
        self.assertIn("found other declarations in sdk/include than in sdk/abi/v1.0; expected the same: raise PDR_ABI_MINOR",
                      self.freeze("0", code=1))
        self.assertIsNone(self.first_minor("pdr_memory_api.later"))

    def test_again_until_it_is_released(self):
        self.append()
        self.freeze("0", "--again")
        self.assertEqual(self.first_minor("pdr_memory_api.later"), "1.0")
        self.freeze("0", "--released")
        self.assertRegex(self.text("sdk/abi/CHANGES.md"), r"(?m)^## 1\.0 \(\d{4}-\d\d-\d\d\)$")
        self.assertIn('found 1.0 released in sdk/abi/CHANGES.md; expected "1.0 (not released)" there',
                      self.freeze("0", "--again", code=1))

    def test_a_minor_that_only_grew(self):
        before = self.text("sdk/abi/v1.0/abi.xml")
        self.raise_minor()
        self.append(fence=1)
        self.freeze("1")
        self.assertEqual(self.first_minor("pdr_memory_api.later"), "1.1")
        self.assertEqual(self.first_minor("pdr_memory_api.close"), "1.0")
        self.assertEqual(self.text("sdk/abi/v1.0/abi.xml"), before)
        self.assertIn("AT(pdr_memory_api, later, 88, 8);", self.text("sdk/abi/v1.1/layout.c"))
        self.assertRegex(self.text("sdk/abi/CHANGES.md"), r"(?s)## 1\.1 \(not released\)\n\n- `pdr_memory_api\.later`\n\n## 1\.0")

    def refused(self, words, *arguments):
        said = self.freeze(*(arguments or ("1",)), code=1)
        self.assertIn(words, said)
        self.assertFalse(os.path.exists(self.path("sdk/abi/v1.1")))

    def test_no_fence(self):
        self.raise_minor()
        self.append()
        self.refused("1.0: pdr_memory_api.later: found it outside of a fence; expected #if PDR_VISIBLE_MINOR >= 1 around it\n")

    def test_a_fence_of_what_is_still_to_come(self):
        self.raise_minor()
        self.append(fence=2)
        self.refused("pdr_memory_api.later: found a fence of 1.2; expected at most 1.1, the headers' own\n")

    def test_a_slot_that_is_gone(self):
        self.raise_minor()
        self.change(HOST, ADDED, "")
        self.refused("1.0: pdr_memory_api.count: found nothing; expected it as it was: int64_t ( * count )")

    def test_a_slot_that_moved(self):
        self.raise_minor()
        self.change(HOST, ADDED, "")
        self.change(HOST, "} pdr_memory_api;", ADDED + "} pdr_memory_api;")
        self.refused("1.0: pdr_memory_api: found pdr_memory_api.capacity in place 10; expected pdr_memory_api.count: members are only")

    def test_another_type(self):
        self.raise_minor()
        self.change(HOST, ADDED, ADDED.replace("int64_t column", "int32_t column"))
        self.refused("1.0: pdr_memory_api.count: found int64_t ( * count ) ( const pdr_memory * m , int32_t column ); expected it as")

    def test_another_value(self):
        self.raise_minor()
        self.change(PLUGIN, "PDR_RANK_SAFE = 8u", "PDR_RANK_SAFE = 1024u")
        self.refused("1.0: PDR_RANK_SAFE: found 1024u + 0; expected it as it was: 8u + 0\n")

    def test_a_constant_in_the_middle(self):
        self.raise_minor()
        self.change(HOST, "PDR_NORM, PDR_HEAD_WEIGHT", "PDR_NORM, PDR_OTHER, PDR_HEAD_WEIGHT")
        self.refused("1.0: PDR_HEAD_WEIGHT: found + 4; expected it as it was: + 3\n")

    def test_tail_padding(self):
        self.raise_minor()
        self.change(HOST, "} pdr_memory_api;", "#if PDR_VISIBLE_MINOR >= 1\n    int32_t small;\n#endif\n} pdr_memory_api;")
        self.refused("pdr_memory_api: found 4 bytes of tail padding; expected none (PDR_HAS)\n")

    def test_another_minor_than_the_headers(self):
        self.refused("found PDR_ABI_MINOR 0 in sdk/include; expected 1, which is to be frozen")

    def test_usage(self):
        for arguments in ((), ("one",), ("0", "1"), ("0", "--twice")):
            self.assertIn("scripts/freeze-abi MINOR", self.freeze(*arguments, code=64))


if __name__ == "__main__":
    if not shutil.which("abidw"):
        print("skipped: abidw is not installed (Debian: abigail-tools)")
        sys.exit(1 if os.environ.get("PERDURE_CI") == "1" else 77)
    unittest.main()
