#!/usr/bin/env python3
"""Checkpoints that are damaged, missing, of another format or of another plan, and weights that are no numbers: each is made
out of the checkpoints of a run that was killed, and the same command is given. What is said is compared word for word, and
the bits at the end."""
import array
import hashlib
import json
import math
import os
import re
import shutil
import sys

from faults import PROGRAM, Place, need_interpose, scenario
from shown import Shown, main, said, shows

KILLED_AT_SAVE = 3  # the second and the first are kept, then
NEWEST, BEFORE = "step-00000040-in-task-2", "step-00000020-in-task-1"
BITS = "the same command ends with the same bits"
DAMAGED = "this checkpoint is damaged and stays; the newest of the others is tried"
LATEST = "exit 0\n{}\ngoes on from " + f"{NEWEST}: {BITS}"
IGNORED = "warning: @/latest: found {}; expected one to a checkpoint beside it: it is ignored"


def damaged(words):
    """What is seen where the newest one is damaged in this way."""
    return (f"exit 0\nwarning: @/{NEWEST}/{words}: {DAMAGED}\nwarning: {BEFORE}: the newest checkpoint that is whole\n"
            f"warning: {NEWEST}: is put aside as left-{NEWEST}\ngoes on from {BEFORE}: {BITS}")


class Damage(Shown):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        clean = Place(cls.room.name + "/count", cls.WORDS)
        clean.go(**clean.faulty(who="cell"))
        saves = [c.number for c in clean.calls() if c.name == "mkdir" and "/checkpoints/.tmp-" in c.path]
        cls.killed = Place(cls.room.name + "/killed", cls.WORDS)
        cls.killed.go(**cls.killed.faulty(who="cell", mode=f"kill-before:{saves[KILLED_AT_SAVE - 1]}"))
        shutil.rmtree(clean.folder)

    def setUp(self):
        self.place = self.killed.copy(f"{self.room.name}/{self._testMethodName}")
        self.assertEqual(sorted(n for n in os.listdir(self.folder()) if n.startswith("step-")), sorted([NEWEST, BEFORE]))

    def folder(self, *parts):
        return self.place.path("run", "cells", "cell", "seed-0", "checkpoints", *parts)

    def flip(self, *parts, at):
        with open(self.folder(*parts), "r+b") as f:
            f.seek(at if at >= 0 else os.path.getsize(self.folder(*parts)) + at)
            byte = f.read(1)[0]
            f.seek(-1, os.SEEK_CUR)
            f.write(bytes([byte ^ 4]))

    def manifest(self, name, **more):
        """With other values, and a digest that is right again."""
        path = self.folder(name, "manifest.json")
        with open(path, encoding="utf-8") as f:
            words = f.read()
        for key, value in more.items():
            words = re.sub(rf'"{key}": [^,\n]*', f'"{key}": {json.dumps(value)}', words, count=1)
        body = words[:words.rindex('  "manifest_sha256"')]
        with open(path, "w", encoding="utf-8") as f:
            f.write(f'{body}  "manifest_sha256": "{hashlib.sha256(body.encode()).hexdigest()}"\n}}\n')

    def goes_on(self):
        """What is said of the damage, from which checkpoint it goes on, and whether it ends as it should."""
        done = self.place.go()
        went = re.search(r"goes on from (\S+)", done.err)
        return f"{self.said(done)}\n{went.group() + ': ' if went else ''}{self.again()}"

    @staticmethod
    def said(done):
        words = said(done).replace("run/cells/cell/seed-0/checkpoints", "@")
        return re.sub(r"found \d+ bytes; expected \d+,", "found N bytes; expected M,", words)

    # ---- the newest is damaged ----

    @shows("K1", "the newest checkpoint's weights are cut off by a byte",
           damaged("weights.safetensors: found N bytes; expected M, as the manifest says"))
    def test_cut_off(self):
        with open(self.folder(NEWEST, "weights.safetensors"), "r+b") as f:
            f.truncate(os.path.getsize(f.name) - 1)
        return self.goes_on()

    @shows("K1", "bytes behind the end of the newest checkpoint's state",
           damaged("state.safetensors: found N bytes; expected M, as the manifest says"))
    def test_grown(self):
        with open(self.folder(NEWEST, "state.safetensors"), "ab") as f:
            f.write(b"\0")
        return self.goes_on()

    @shows("K2", "a bit of a tensor of the newest checkpoint is another",
           damaged("state.safetensors: found SHA-256 ...; expected ..."))
    def test_flipped_state(self):
        self.flip(NEWEST, "state.safetensors", at=-1)
        return self.goes_on()

    @shows("K2", "a bit of the newest checkpoint's manifest is another",
           damaged("manifest.json: found SHA-256 ...; expected ..., as its last line says"))
    def test_flipped_manifest(self):
        self.flip(NEWEST, "manifest.json", at=40)
        return self.goes_on()

    @shows("K2", "all checkpoints are damaged",
           "exit 1\n" + "".join(f"warning: @/{name}/weights.safetensors: found SHA-256 ...; expected ...: {DAMAGED}\n"
                                for name in (NEWEST, BEFORE)) +
           "error: @: found 2 checkpoints and none that is whole; expected one\nhint: --fresh begins the cell anew\n"
           "both stay; with --fresh " + BITS)
    def test_all_damaged(self):
        for name in (NEWEST, BEFORE):
            self.flip(name, "weights.safetensors", at=-1)
        words = self.said(self.place.go())
        stay = "both stay" if all(os.path.isdir(self.folder(name)) for name in (NEWEST, BEFORE)) else "they are gone"
        return f"{words}\n{stay}; with --fresh {self.again(PROGRAM, 'run', 's.yaml', '--fresh')}"

    @shows("K1", "a file of the newest checkpoint is missing",
           damaged("state.safetensors: found no file to read; expected one: No such file or directory"))
    def test_missing_file(self):
        os.remove(self.folder(NEWEST, "state.safetensors"))
        return self.goes_on()

    @shows("K4", "the header of the newest checkpoint's weights says that it has 2^63 bytes",
           damaged("weights.safetensors: header: found a length of 9223372036854775808 bytes; expected at most 16777216"))
    def test_header_size(self):
        with open(self.folder(NEWEST, "weights.safetensors"), "r+b") as f:
            f.write((2 ** 63).to_bytes(8, "little"))
        return self.goes_on()

    @shows("K3", "the newest checkpoint is of format 2",
           f"exit 1\nerror: @/{NEWEST}/manifest.json: was written in format 2; this Perdure reads 1\n"
           "hint: the Perdure that wrote it goes on from it; --fresh begins the cell anew\nit stays")
    def test_newer_format(self):
        self.manifest(NEWEST, schema="perdure.checkpoint/2", format=2)
        words = self.said(self.place.go())
        return f"{words}\nit stays" if os.path.isdir(self.folder(NEWEST)) else words

    # ---- latest and what lies about ----

    @shows("K7", "`latest` is missing", LATEST.format("").replace("\n\n", "\n"))
    def test_no_latest(self):
        os.remove(self.folder("latest"))
        return self.goes_on()

    @shows("K7", "`latest` leads nowhere", LATEST.format(IGNORED.format("a link to step-00000099-in-task-9")))
    def test_dangling_latest(self):
        self.link("step-00000099-in-task-9")
        return self.goes_on()

    @shows("K7", "`latest` leads out of the folder", LATEST.format(IGNORED.format("a link to @/outside")))
    def test_latest_outside(self):
        shutil.copytree(self.folder(BEFORE), self.place.path("outside"))
        self.link(self.place.path("outside"))
        return self.goes_on()

    @shows("K7", "`latest` is a folder",
           "exit 1\n" + IGNORED.format("no link") + "\nerror: @/latest: found a fault while writing: Is a directory\n"
           "without it the same command ends with the same bits")
    def test_latest_is_a_folder(self):
        shutil.rmtree(self.folder(NEWEST))  # more than one save is to come: the first one that fails stops the cell
        os.remove(self.folder("latest"))
        os.mkdir(self.folder("latest"))
        words = self.said(self.place.go())
        os.rmdir(self.folder("latest"))
        return f"{words}\nwithout it {self.again()}"

    def link(self, to):
        os.remove(self.folder("latest"))
        os.symlink(to, self.folder("latest"))

    @shows("K8", "only half a checkpoint is there, under its temporary name", f"exit 0\n{BITS}")
    def test_only_half_a_checkpoint(self):
        os.remove(self.folder("latest"))
        os.rename(self.folder(NEWEST), self.folder(".tmp-7-12345"))
        shutil.rmtree(self.folder(BEFORE))
        words = self.goes_on()
        return words if not os.path.exists(self.folder(".tmp-7-12345")) else f"{words}, and it lies there still"

    # ---- another plan ----

    @shows("C33", "the scenario has changed since: `optimizer.lr` is another",
           "exit 73\nerror: run/cells/cell/seed-0: found the checkpoint of another plan (...); expected one of this plan (...)\n"
           "optimizer.lr: was 0.01, is 0.5\n"
           "hint: --changed puts it aside and runs the cell again, --fresh runs it again in its place, --out DIR keeps both")
    def test_another_plan(self):
        return self.said(self.place.go(PROGRAM, "run", "s.yaml", "--set", "optimizer.lr=0.5"))

    # ---- numbers ----

    @shows("N3", "weights that grow until they overflow, with a checkpoint after every batch",
           "exit 1\nerror: task 1, step 3: found a loss of nan; expected a finite one (from the network, whose logits are not "
           "numbers)\nhint: a smaller optimizer.lr, training.gradient_clip or data.normalize often mends it\n"
           "the weights in the 2 checkpoints that are kept are finite")
    def test_overflow(self):
        words = scenario("", every="{batches: 1}").replace("adam, lr: 0.01", "sgd, lr: 1000000, weight_decay: 1000000")
        place = Place(self.place.path("overflow"), words)
        seen, folder = said(place.go()), place.path("run", "cells", "cell", "seed-0", "checkpoints")
        seen = seen.replace("logits are too large", "logits are not numbers")  # which of them depends on the library's products
        names = [name for name in os.listdir(folder) if name.startswith("step-")]
        finite = all(math.isfinite(v) for name in names for v in floats(os.path.join(folder, name, "weights.safetensors")))
        return f"{seen}\nthe weights in the {len(names)} checkpoints that are kept are {'' if finite else 'not '}finite"


def floats(path):
    """All values of a file whose tensors are float32."""
    with open(path, "rb") as f:
        f.seek(int.from_bytes(f.read(8), "little"), os.SEEK_CUR)
        return array.array("f", f.read())


if __name__ == "__main__":
    if "--table" not in sys.argv:
        need_interpose()
    main()
