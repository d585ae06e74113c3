#!/usr/bin/env python3
"""Kills at random moments, and then the same command, until it comes to its end: weights, matrices, metrics and the log must
be those of the run that nobody disturbed, for every strategy here. A checkpoint is written every five batches. Killed are the
coordinator (with its cell) and the cell alone, by SIGKILL; and a run is stopped by SIGTERM, SIGUSR1 and SIGINT. Most moments
are some milliseconds behind the checkpoint of a step that is drawn; the others any time from the start of the process on.

    kills.py [--kills N] [--each N] [--seed N] [--only NAME] [--record FILE]
        N kills in all (25), or of each strategy; the moments are drawn from the seed, which is printed"""
import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

from faults import SOURCE, Count, Place, at_once, differs, ended, scenario, scratch

MEMORY = "capacity: 60, every_epoch: true, online: true"  # rows come and go all the time
SMALL = "encoder: {type: mlp, hidden: [12]}, decoder: {type: mlp, hidden: [12]}, z: 3"
STRATEGIES = {"replay-ram": f"replay: {{{MEMORY}}}", "replay-disk": f"replay: {{{MEMORY}, where: disk}}",
              "ewc": "ewc: {lambda: 10}", "lwf": "lwf: {}", "icarl": "icarl: {capacity: 60}",
              "genreplay": f"genreplay: {{{SMALL}}}"}
KINDS = ("coordinator", "coordinator", "cell", "cell", "SIGTERM", "SIGUSR1", "SIGINT")
EPOCHS, STOPPED, FAILED, GONE_SECONDS = 10, 75, 1, 2


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(word) for word in f.read().split()]
    except OSError:
        return []


def cells_of(pid):
    """Those that look for plugins are children too; a cell leads a process group of its own."""
    found = []
    for child in children_of(pid):
        try:
            if os.getpgid(child) == child:
                found.append(child)
        except ProcessLookupError:
            pass
    return found


def state_of(pid):
    """"S", "D", ...; "" where it is gone, or dead and only not yet waited for."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            state = f.read().rsplit(")", 1)[1].split()[0]
        return "" if state in "ZX" else state
    except OSError:
        return ""


def wait_gone(pids):
    """Those that are there still, with their states; none, as a rule."""
    end = time.monotonic() + GONE_SECONDS
    while any(state_of(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.002)
    return {pid: state_of(pid) for pid in pids if state_of(pid)}


class Subject:
    """One strategy, and how it ends when nobody disturbs it."""

    def __init__(self, room, name):
        self.name = name
        self.room = os.path.join(room, name)
        self.base = Place(os.path.join(self.room, "base"),
                          scenario(STRATEGIES[name], epochs=EPOCHS, every="{batches: 5}"))
        clean = self.base.copy(os.path.join(self.room, "clean"))
        start = time.monotonic()
        done = clean.go()
        self.seconds = time.monotonic() - start
        if done.code:
            raise SystemExit(f"{name}: exit {done.code} without any kill: {done.err}")
        self.expected, self.steps = ended(clean.run), self.step(clean)
        self.kills, self.lives, self.went_on = [], 0, 0

    def newest(self, place):
        path = place.path("run", "cells", "cell", "seed-0", "checkpoints", "latest")
        return os.readlink(path) if os.path.islink(path) else "none"

    def step(self, place):
        found = re.match(r"step-(\d+)-", self.newest(place))
        return int(found.group(1)) if found else 0

    # ---- one kill ----

    def moment(self, place, process, draw):
        """Waits for a drawn moment, or for the end of the process."""
        if draw.random() < 0.2:
            wait = draw.random() * self.seconds
        else:
            before, wait = self.step(place), draw.random() * 0.02
            until = draw.uniform(before, self.steps)
            while process.poll() is None and self.step(place) <= until:
                time.sleep(0.0005)
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            pass

    def strike(self, kind, process, cells):
        """Whether it hit: a process that ends anyway is no kill."""
        try:
            if kind == "cell":
                os.kill(cells[0], signal.SIGKILL)
            elif process.poll() is not None:
                return False
            else:
                process.send_signal(signal.SIGKILL if kind == "coordinator" else getattr(signal, kind))
            return True
        except (IndexError, ProcessLookupError):
            return False

    def kill_once(self, place, draw):
        """Fault in words or "", and whether the run came to its end."""
        kind = draw.choice(KINDS)
        process = place.start()
        self.moment(place, process, draw)
        before, cells = self.newest(place), cells_of(process.pid)
        hit = self.strike(kind, process, cells)
        _, err = process.communicate(timeout=120)
        hit = hit and not (kind == "coordinator" and process.returncode == 0)  # over, and not yet waited for
        self.went_on += "goes on from" in err
        left = wait_gone(cells)
        if left:
            return f"{kind}: cells outlived their coordinator by {GONE_SECONDS} s: {left}", False
        if hit:
            self.kills.append({"kind": kind, "newest": before, "exit": process.returncode})
        return self.judge(kind, hit, process.returncode, err), process.returncode == 0

    @staticmethod
    def judge(kind, hit, code, err):
        expected = {0} if not hit else {"coordinator": {-9}, "cell": {0, FAILED}}.get(kind, {0, STOPPED})
        # A run that is at its start or its end when the signal comes may have no handler yet, or no more.
        if hit and kind.startswith("SIG"):
            expected = expected | {-getattr(signal, kind)}
        return "" if code in expected else f"{kind}: exit {code}; expected one of {sorted(expected)}: {err}"

    # ---- a run with its kills ----

    def go_on(self, place):
        """The last command, which must begin where the newest checkpoint is, and not anew."""
        newest, finished = self.newest(place), bool(ended(place.run))
        done = place.go()
        if done.code:
            return f"the last command ended with {done.code}: {done.err}"
        self.went_on += "goes on from" in done.err
        if newest == "none" or finished:
            return ""
        return "" if f"goes on from {newest}" in done.err else f"found nothing said of {newest}: {done.err}"

    def live(self, draw, most):
        """Kills a run up to `most` times, lets it end, compares."""
        self.lives += 1
        place = self.base.copy(os.path.join(self.room, f"life-{self.lives}"))
        fault, over, wanted = "", False, len(self.kills) + most
        while not fault and not over and len(self.kills) < wanted:
            fault, over = self.kill_once(place, draw)
        if not fault and not over:
            fault = self.go_on(place)
        fault = fault or differs(ended(place.run), self.expected)
        if fault:
            fault += f" (kills: {self.kills[-most:]})"
        else:
            shutil.rmtree(place.folder)
        return fault


def subject_try(job):
    room, name, kills, seed, tally = job
    subject, draw = Subject(room, name), random.Random(f"{seed} {name}")
    while len(subject.kills) < kills and tally.failed < 5:
        before = len(subject.kills)
        fault = subject.live(draw, min(draw.randint(1, 5), kills - before))
        tally.case(f"{name}, run {subject.lives}", fault)
    return subject


def record(path, asked, subjects, tally):
    commit = subprocess.run(["git", "-C", SOURCE, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    kinds = sorted(set(KINDS))
    told = {"schema": "perdure.kills/1", "commit": commit.stdout.strip(), "seed": asked.seed, "failed": tally.failed,
            "strategies": {s.name: {"kills": len(s.kills), "runs": s.lives, "commands_that_went_on_from_a_checkpoint": s.went_on,
                                    "seconds_undisturbed": round(s.seconds, 2),
                                    "by": {k: sum(kill["kind"] == k for kill in s.kills) for k in kinds},
                                    "before_the_first_checkpoint": sum(k["newest"] == "none" for k in s.kills),
                                    "steps_with_a_kill": len({k["newest"] for k in s.kills})} for s in subjects}}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(told, f, indent=2)
        f.write("\n")


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, and would be by all we start
    words = argparse.ArgumentParser()
    words.add_argument("--kills", type=int, default=25)
    words.add_argument("--each", type=int)
    words.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10 ** 6))
    words.add_argument("--only", choices=STRATEGIES)
    words.add_argument("--record")
    asked = words.parse_args()
    names = [asked.only] if asked.only else list(STRATEGIES)
    share = [asked.each or asked.kills // len(names) + (i < asked.kills % len(names)) for i in range(len(names))]
    tally = Count()
    print(f"seed {asked.seed}", flush=True)
    with scratch() as room:
        subjects = at_once(subject_try, [(room, name, n, asked.seed, tally) for name, n in zip(names, share)])
    for s in subjects:
        print(f"{s.name:12s} {len(s.kills):4d} kills in {s.lives} runs, at {len({k['newest'] for k in s.kills})} places; "
              f"{s.went_on} times from a checkpoint on; undisturbed {s.seconds:.2f} s")
        for kill in s.kills:
            tally.note(f"{kill['kind']:12s} exit {kill['exit']}")
    if asked.record:
        record(asked.record, asked, subjects, tally)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
