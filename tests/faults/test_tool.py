#!/usr/bin/env python3
"""The tools that the other tests of this folder trust: every call is seen, every fault comes where it was asked for, the journal
gives the folder again, and what the simulated disk may lose is what POSIX lets it lose."""
import os
import subprocess
import sys
import unittest

import disk
from disk import Disk, Step
from faults import INTERPOSE, Place, calls_read, environment, need_interpose, scratch

# Every call that changes a disk, each once, in an order that leaves something of each kind.
EVERY = """
import ctypes, os
os.chdir("run")
os.mkdir("d")
f = os.open("d/../d/a", os.O_CREAT | os.O_WRONLY)
os.write(f, b"one")
os.writev(f, [b"two", b"three"])
os.pwrite(f, b"ONE", 0)
os.pwritev(f, [b"fo", b"ur"], 20)
os.fsync(f)
os.fdatasync(f)
os.ftruncate(f, 22)
os.posix_fallocate(f, 0, 30)
os.close(f)
os.rename("d/a", "d/b")
c = ctypes.CDLL(None, use_errno=True)
assert c.renameat2(-100, b"d/b", -100, b"d/c", 1) == 0
assert c.syscall(316, ctypes.c_long(-100), b"d/c", ctypes.c_long(-100), b"d/e", ctypes.c_long(1)) == 0
os.symlink("e", "d/link")
g = os.open("d", os.O_RDONLY)
h = os.open("f", os.O_CREAT | os.O_RDWR | os.O_APPEND, dir_fd=g)
os.write(h, b"x")
os.write(h, b"y")
os.close(h)
os.fsync(g)
os.close(g)
h = os.open("d/f", os.O_WRONLY | os.O_TRUNC)
os.write(h, b"z")
os.close(h)
os.mkdir("gone")
os.rmdir("gone")
open("other", "w").close()
os.unlink("other")
with open("d/e", "rb") as r:
    assert r.read() == b"ONEtwothree" + bytes(9) + b"fo" + bytes(8), "bytes"
open("../beside", "w").close()
"""
CALLS = """mkdir open write writev pwrite pwritev fsync fdatasync ftruncate fallocate close rename rename rename symlink open
write write close fsync open write close mkdir rmdir open close unlink""".split()


class Tool(unittest.TestCase):
    def setUp(self):
        room = scratch()
        self.addCleanup(room.cleanup)
        self.place = Place(room.name)

    def go(self, script, **fault):
        return self.place.go(sys.executable, "-c", script, **self.place.faulty(**fault))

    # ---- the interposer ----

    def test_every_call_is_seen_and_nothing_else(self):
        done = self.go(EVERY, journal=self.place.path("journal"))
        self.assertEqual(done.code, 0, done.err)
        calls = self.place.calls()
        self.assertEqual([c.name for c in calls], CALLS)
        self.assertEqual([c.number for c in calls], list(range(1, len(CALLS) + 1)))
        self.assertEqual(calls[1].path, self.place.path("run", "d", "a"))
        self.assertEqual((calls[13].path, calls[13].second), tuple(self.place.path("run", "d", n) for n in "ce"))
        steps = disk.journal_read(self.place.path("journal"))
        whole = Disk(steps[0])
        for step in steps:
            whole.step(step)
        disk.state_write(whole.live(), self.place.path("again"))
        self.assertEqual(subprocess.call(["diff", "-r", "--no-dereference", self.place.run, self.place.path("again")]), 0)

    def test_a_call_fails_as_asked_and_does_nothing(self):
        script = "import os; f = os.open('run/a', 65); os.write(f, b'abcd'); os.close(f)"
        for mode, words in (("fail:1:EROFS", "Read-only file system"), ("fail:2:ENOSPC", "No space left on device"),
                            ("fail:3:EIO", "Input/output error"), ("fail-from:1:EDQUOT", "Disk quota exceeded")):
            with self.subTest(mode):
                done = self.go(script, mode=mode)
                self.assertIn(words, done.err)
                size = os.path.getsize(self.place.path("run", "a")) if os.path.exists(self.place.path("run", "a")) else None
                self.assertEqual(size, {"fail:2:ENOSPC": 0, "fail:3:EIO": 4}.get(mode))
                self.assertEqual([c.fault for c in self.place.calls()][-1], mode)
                if size is not None:
                    os.remove(self.place.path("run", "a"))

    def test_writes_are_short_or_interrupted(self):
        count = "import os; f = os.open('run/a', 65); print(os.write(f, b'abcdef'), os.write(f, b'gh'))"
        self.assertEqual(self.go(count, mode="short:2").out, "3 2\n")
        # Python itself goes on after EINTR: the call is made once more, and so counted.
        self.assertEqual(self.go(count, mode="eintr:2").out, "6 2\n")
        self.assertEqual([c.name for c in self.place.calls()], ["open", "write", "write", "write"])

    def test_kills_before_and_behind(self):
        script = "import os; os.mkdir('run/a'); os.mkdir('run/b')"
        for mode, left in (("kill-before:1", []), ("kill-after:1", ["a"]), ("kill-before:2", ["a"]), ("kill-after:2", ["a", "b"])):
            self.assertEqual(self.go(script, mode=mode).code, -9)
            self.assertEqual(sorted(os.listdir(self.place.run)), left)
            for name in left:
                os.rmdir(self.place.path("run", name))

    def test_whose_calls_count(self):
        script = ("import os\nos.mkdir('run/a')\nif os.fork() == 0:\n  os.mkdir('run/b')\n  os.mkdir('run/c')\n  os._exit(0)\n"
                  "os.wait()\nos.mkdir('run/d')")
        self.assertEqual(self.go(script, who="cell", mode="fail:2:EIO").code, 0)
        self.assertEqual(sorted(os.listdir(self.place.run)), ["a", "b", "d"])
        self.assertEqual([(c.who, c.number) for c in self.place.calls()], [("cell", 1), ("cell", 2)])

    def test_once_is_once(self):
        script = "import os\nos.mkdir('run/x')"
        once = self.place.path("once")
        self.assertEqual(self.go(script, mode="kill-before:1", once=once).code, -9)
        self.assertEqual(self.go(script, mode="kill-before:1", once=once).code, 0)

    def test_a_mode_that_is_none_is_refused(self):
        for mode in ("fail:1", "fail:0:EIO", "fail:x:EIO", "kill:1", "short:1:EIO", "fail:1:ENOTHING"):
            done = self.go("import os; os.mkdir('run/x')", mode=mode)
            self.assertEqual(done.code, 64, mode)
            self.assertFalse(os.path.exists(self.place.path("run", "x")))

    def test_without_a_folder_nothing_is_done(self):
        done = self.place.go(sys.executable, "-c", "import os; os.mkdir('run/x')", LD_PRELOAD=INTERPOSE,
                             FAULT_MODE="kill-before:1", FAULT_LOG=self.place.path("calls"))
        self.assertEqual(done.code, 0)
        self.assertEqual(calls_read(self.place.path("calls")), [])

    # ---- the disk ----

    @staticmethod
    def disk_of(*steps):
        found = Disk(Step("root", "/r", "", 1, 0, 0, False))
        for step in steps:
            found.step(step)
        return found

    @staticmethod
    def may(steps, tries=300):
        """All states that come up, as texts."""
        journal = [Step("root", "/r", "", 1, 0, 0, False), *steps]
        return {repr(sorted(state.items())) for done, state in disk.states(journal, tries, 1) if done == len(journal)}

    CREATE = Step("create", "/r/a", "", 2, 0, 0, False)
    WRITE = Step("write", "/r/a", "", 2, 0, 3, False, b"abc")
    FSYNC = Step("fsync", "/r/a", "", 2, 0, 0, False)
    FOLDER = Step("fsync", "/r", "", 1, 0, 0, False)

    def test_what_was_not_synced_may_be_lost_or_not(self):
        found = self.may([self.CREATE, self.WRITE])
        self.assertIn("[]", found)
        self.assertIn(repr([("a", b"")]), found)
        self.assertIn(repr([("a", b"abc")]), found)
        self.assertIn(repr([("a", bytes(3))]), found)

    def test_the_bytes_are_synced_and_not_the_name(self):
        self.assertEqual(self.may([self.CREATE, self.WRITE, self.FSYNC]), {"[]", repr([("a", b"abc")])})

    def test_the_name_is_synced_and_not_the_bytes(self):
        found = self.may([self.CREATE, self.WRITE, self.FOLDER])
        self.assertNotIn("[]", found)
        self.assertIn(repr([("a", b"")]), found)

    def test_both_are_synced(self):
        self.assertEqual(self.may([self.CREATE, self.WRITE, self.FSYNC, self.FOLDER]), {repr([("a", b"abc")])})

    def test_a_write_that_syncs_itself_takes_no_other_along(self):
        synced = Step("pwrite", "/r/a", "", 2, 3, 3, True, b"def")
        found = self.disk_of(self.CREATE, self.FOLDER, self.WRITE, synced).state()
        self.assertEqual(found, {"a": bytes(3) + b"def"})

    def test_a_rename_is_whole_or_not_at_all(self):
        steps = [self.CREATE, self.WRITE, self.FSYNC, self.FOLDER, Step("rename", "/r/a", "/r/b", 0, 0, 0, False)]
        self.assertEqual(self.may(steps), {repr([("a", b"abc")]), repr([("b", b"abc")])})
        self.assertEqual(self.may(steps + [self.FOLDER]), {repr([("b", b"abc")])})

    def test_a_file_that_is_replaced_is_the_old_or_the_new(self):
        new = [Step("create", "/r/n", "", 3, 0, 0, False), Step("write", "/r/n", "", 3, 0, 1, False, b"n"),
               Step("fsync", "/r/n", "", 3, 0, 0, False), Step("rename", "/r/n", "/r/a", 0, 0, 0, False)]
        found = self.may([self.CREATE, self.WRITE, self.FSYNC, self.FOLDER] + new)
        self.assertEqual({dict(eval(state))["a"] for state in found}, {b"abc", b"n"})


if __name__ == "__main__":
    need_interpose()
    unittest.main(argv=[sys.argv[0]])
