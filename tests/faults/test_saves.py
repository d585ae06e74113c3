#!/usr/bin/env python3
"""Every call of one save that changes the disk goes wrong once: the process is killed before it and behind it, the call fails
with ENOSPC or EIO, alone or with all that follow, a write puts half of its bytes, a call is interrupted. Whatever it is, the
newest checkpoint that was promised is there, or a newer whole one; `latest` leads to a whole one; what comes next works and
leaves nothing lying about. Here save_probe saves, so that a case takes milliseconds; test_runs.py does the same to whole runs."""
import os
import shutil
import subprocess
import sys

from faults import PROBE, Count, Place, at_once, environment, need_interpose, scratch

BEFORE, KEEP = 2, 2  # checkpoints that are there when the save begins; as many as are kept, so that one goes
MODES = ("kill-before:%d", "kill-after:%d", "fail:%d:ENOSPC", "fail:%d:EIO", "fail-from:%d:ENOSPC", "fail-from:%d:EIO",
         "short:%d", "eintr:%d")
WRITES = ("write", "writev", "pwrite", "pwritev")
EXPECTED_CODES = (73, 74)


class Saves:
    def __init__(self, room):
        self.room = room
        self.base = Place(os.path.join(room, "base"))
        done = self.write(self.base, 1, BEFORE)
        if done.code:
            raise SystemExit(f"save_probe: exit {done.code} without any fault: {done.err}")

    @staticmethod
    def write(place, step, count=1, **fault):
        return place.go(PROBE, "write", place.run, str(step), str(count), str(KEEP), **fault)

    @staticmethod
    def read(place):
        said = subprocess.run([PROBE, "read"], input=place.run + "\n", capture_output=True,
                              text=True, env=environment(), check=False)
        return said.stdout.strip() or f"reader ended with {said.returncode}"

    def calls(self):
        place = self.base.copy(os.path.join(self.room, "count"))
        self.write(place, BEFORE + 1, **place.faulty())
        calls = place.calls()
        shutil.rmtree(place.folder)
        return calls

    # ---- one case ----

    def case(self, number, call, mode):
        place = self.base.copy(os.path.join(self.room, f"{number}-{mode % number}"))
        try:
            done = self.write(place, BEFORE + 1, **place.faulty(mode=mode % number))
            came = [c for c in place.calls() if c.fault]
            return done.code, (self.judge(place, call, mode, done) if came else "found no fault; expected one")
        finally:
            shutil.rmtree(place.folder)

    def judge(self, place, call, mode, done):
        newest = self.read(place)
        if newest not in (str(BEFORE), str(BEFORE + 1)):
            return f"found {newest}; expected checkpoint {BEFORE} or {BEFORE + 1}"
        if not os.path.isfile(place.path("run", "checkpoints", "latest", "manifest.json")):
            return "found a link latest that leads to no checkpoint"
        return self.judge_end(place, call, mode, done, newest) or self.judge_next(place, int(newest))

    def judge_end(self, place, call, mode, done, newest):
        if mode.startswith("kill"):
            return "" if done.code == -9 else f"exit {done.code}; expected a kill"
        harmless = call.name in WRITES and mode.startswith(("short", "eintr")) and not call.path.endswith(".mdb")
        if harmless and (done.code or newest != str(BEFORE + 1)):
            return f"exit {done.code}, checkpoint {newest}: {done.err}; expected that it writes on"
        if done.code == 0 and newest != str(BEFORE + 1):
            return f"exit 0, but the newest checkpoint is {newest}"
        if done.code and (done.code not in EXPECTED_CODES or "run/" not in done.err):
            return f"exit {done.code}, {done.err}; expected {EXPECTED_CODES} and the path"
        return self.judge_syncs(place)

    @staticmethod
    def judge_syncs(place):
        """A failed fsync may have thrown the bytes away, and a second one would then say that all is well."""
        failed = set()
        for call in place.calls():
            if call.name in ("fsync", "fdatasync"):
                if call.path in failed and "EINTR" not in call.fault and not call.fault.startswith("eintr"):
                    return f"{call.path} was synced again after a sync had failed"
                if call.fault and not call.fault.startswith("eintr") and not os.path.isdir(call.path):
                    failed.add(call.path)
        return ""

    def judge_next(self, place, newest):
        done = self.write(place, newest + 1)
        if done.code:
            return f"the next save ended with {done.code}: {done.err}"
        if self.read(place) != str(newest + 1):
            return f"found {self.read(place)} behind the next save; expected {newest + 1}"
        names = sorted(os.listdir(place.path("run", "checkpoints")))
        steps = [n for n in names if n.startswith("step-")]
        if names != sorted(steps + ["latest"]) or len(steps) != KEEP:
            return f"found {names} behind the next save; expected latest and {KEEP} checkpoints"
        return ""


def main():
    need_interpose()
    tally = Count()
    with scratch() as room:
        saves = Saves(room)
        calls = saves.calls()
        print(f"one save: {len(calls)} calls: " + " ".join(c.name for c in calls))
        cases = [(i + 1, call, mode) for mode in MODES for i, call in enumerate(calls)
                 if not mode.startswith("short") or call.name in WRITES]
        for (number, call, mode), (code, fault) in zip(cases, at_once(lambda c: saves.case(*c), cases)):
            where = os.path.relpath(call.path, os.path.join(room, "count", "run"))
            tally.case(f"{mode % number} ({call.name} of {where})", fault)
            tally.note(f"{mode.replace('%d', 'N'):20s} " + ("killed" if code < 0 else f"exit {code}"))
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
