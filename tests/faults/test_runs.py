#!/usr/bin/env python3
"""Every call of a whole run that changes the disk goes wrong once, in the coordinator as in the cell: the process is killed,
or the call fails with ENOSPC or EIO, alone or with all that follow, or puts half of its bytes, or is interrupted. Then the same
command is given again without the fault, and must end with the bits of the run that nothing happened to.

    test_runs.py [--share N]   every Nth case of each kind, begun at another one for each (CI)
    test_runs.py --all         each of them"""
import argparse
import os
import re
import shutil
import sys

from faults import Count, Place, at_once, differs, ended, need_interpose, scenario, scratch

RUNS = {"replay, in RAM": scenario("replay: {capacity: 50}", every="{batches: 20}"),
        "replay, on disk": scenario("replay: {capacity: 50, where: disk}", every="{batches: 20}")}
MODES = ("kill-before:%d", "fail:%d:ENOSPC", "fail:%d:EIO", "fail-from:%d:ENOSPC", "short:%d", "eintr:%d")
WORDS = {"ENOSPC": "No space left on device", "EIO": "Input/output error"}
WRITES = ("write", "writev", "pwrite", "pwritev")
FAILED = (1, 73, 74)  # a cell; the coordinator before it has any, or behind them


class Run:
    def __init__(self, room, name, words):
        self.name = name
        self.room = os.path.join(room, re.sub("[^a-z]+", "-", name.lower()))
        self.base = Place(os.path.join(self.room, "base"), words)
        clean = self.base.copy(os.path.join(self.room, "clean"))
        done = clean.go(**clean.faulty())
        if done.code:
            raise SystemExit(f"{name}: exit {done.code} without any fault: {done.err}")
        self.expected = ended(clean.run)
        self.calls = {who: [c for c in clean.calls() if c.who == who] for who in ("coordinator", "cell")}

    def cases(self, share):
        for start, mode in enumerate(MODES):
            for who, calls in self.calls.items():
                fit = [c for c in calls if not mode.startswith("short") or c.name in WRITES]
                yield from ((self, call, mode % call.number) for call in fit[start % share::share])

    def case(self, call, mode):
        place = self.base.copy(os.path.join(self.room, f"{call.who}-{mode}"))
        try:
            done = place.go(**place.faulty(who=call.who, mode=mode, once=place.path("once")))
            came = [c for c in place.calls() if c.fault]
            if not came:  # a memory's own thread may need a call more or less from run to run
                return done.code, "" if "disk" in self.name and not done.code else "found no fault; expected one"
            return done.code, self.judge(place, came[0], mode, done) or self.judge_again(place)
        finally:
            shutil.rmtree(place.folder)

    def judge(self, place, call, mode, done):
        if mode.startswith("kill"):
            expected = (-9,) if call.who == "coordinator" else (0, 1)
            return "" if done.code in expected else f"exit {done.code}: {done.err}; expected one of {expected}"
        if done.code == 0:
            return differs(ended(place.run), self.expected)
        harmless = call.name in WRITES and mode.startswith(("short", "eintr")) and "memory" not in call.path
        if harmless or done.code not in FAILED:
            return f"exit {done.code}: {done.err}; expected " + ("that it writes on" if harmless else str(FAILED))
        said = [line for line in done.err.splitlines() if line.startswith("perdure: error: ")]
        errno = WORDS.get(mode.rsplit(":", 1)[-1], "")
        if not any(self.names(place, call, line) and errno in line for line in said):
            return f"exit {done.code}: {done.err}; expected a message with the path {call.path} and {errno}"
        return ""

    @staticmethod
    def names(place, call, line):
        """The file, without what its name has while it is being written, or the folder in which it is put together."""
        for path in filter(None, (call.path, call.second)):
            path = re.sub(r"\.tmp-[^/]*$|\.new$|/lock\.mdb$", "", os.path.relpath(path, place.folder))
            if path in line or ("/." in path and path.split("/.")[0] in line):
                return True
        return False

    def judge_again(self, place):
        done = place.go()
        if done.code:
            return f"the same command ended with {done.code}: {done.err}"
        return differs(ended(place.run), self.expected)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--share", type=int, default=12)
    words.add_argument("--all", action="store_true")
    asked = words.parse_args()
    need_interpose()
    tally = Count()
    with scratch() as room:
        for name, scenario_words in RUNS.items():
            run = Run(room, name, scenario_words)
            cases = list(run.cases(1 if asked.all else asked.share))
            print(f"{name}: {len(run.calls['coordinator'])} calls of the coordinator, {len(run.calls['cell'])} of the cell; "
                  f"{len(cases)} cases", flush=True)
            for (_, call, mode), (code, fault) in zip(cases, at_once(lambda c: c[0].case(*c[1:]), cases)):
                tally.case(f"{name}: {call.who}, {mode} ({call.name} of {os.path.relpath(call.path, room)})", fault)
                tally.note(f"{call.who:12s} {re.sub('[0-9]+', 'N', mode):20s} "
                           + ("killed" if code < 0 else f"exit {code}"))
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
