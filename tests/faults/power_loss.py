#!/usr/bin/env python3
"""Simulated power loss: some checkpoints are written, everything done to the disk is kept in a journal, and from it the states
are built that a disk may show when the power goes, at every step of the way (disk.py). In each of them the newest checkpoint
that was promised must be there, or a newer whole one, and no wrong byte may be taken for a good one.

    power_loss.py [--states N] [--seed N]      N states, CI's 500 without words
    power_loss.py --self                       the same must find a writer out that does not sync"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

import disk
from faults import PROBE, Count, Place, environment, need_interpose, scratch

SAVES, KEEP = 4, 2


def journal_of_saves(folder):
    place = Place(folder)
    done = place.go(PROBE, "write", place.run, "1", str(SAVES), str(KEEP),
                    **place.faulty(journal=place.path("journal")))
    if done.code:
        raise SystemExit(f"save_probe: exit {done.code}: {done.err}")
    steps = disk.journal_read(place.path("journal"))
    check_journal(place, steps)
    return steps


def check_journal(place, steps):
    """The journal alone must give what lies on the disk, or it says nothing; but for LMDB's lock, which is a map in memory."""
    whole = disk.Disk(steps[0])
    for step in steps:
        whole.step(step)
    disk.state_write(whole.live(), place.path("again"))
    if subprocess.run(["diff", "-r", "-x", "lock.mdb", "--no-dereference", place.run, place.path("again")], check=False).returncode:
        raise SystemExit("power_loss: found a journal that gives another folder than the one it is of")


def promised(steps):
    """By step of the journal: the newest checkpoint that a call had returned for, 0 before the first."""
    newest, by_step = 0, []
    for step in steps:
        kept = re.search(r"/kept-(\d+)$", step.path) if step.name == "mkdir" else None
        newest = int(kept.group(1)) if kept else newest
        by_step.append(newest)
    return by_step


def read(folders):
    said = subprocess.run([PROBE, "read"], input="".join(f + "\n" for f in folders), capture_output=True, text=True,
                          env=environment(), check=False)
    lines = said.stdout.splitlines()
    return lines + [f"reader ended with {said.returncode}: {said.stderr}"] * (len(folders) - len(lines))


def fault_of(line, folder, least):
    """What is wrong with what the reader said of a state, in words; "": nothing."""
    newest = line.rsplit("] ", 1)[-1]
    if newest == "none":
        return f"found no checkpoint; expected that of step {least}" if least else ""
    if not newest.isdecimal():
        return line
    if int(newest) < least:
        return f"found the checkpoint of step {newest}; expected that of step {least} or a newer one: {line}"
    latest = os.path.join(folder, "checkpoints", "latest")
    if least and not os.path.isfile(os.path.join(latest, "manifest.json")):
        return "found a link latest that leads to no checkpoint"
    return ""


def batches(items, size):
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def judge(steps, count, seed, tally):
    least = promised(steps)
    # Marks make no other state, and nobody reads LMDB's lock.
    states = disk.states(steps, count, seed, part=lambda s: "/kept-" not in s.path and "lock.mdb" not in s.path)
    for batch in batches(enumerate(states), 100):
        with tempfile.TemporaryDirectory(dir=os.path.dirname(scratch_of_all.name)) as room:
            folders = []
            for number, (_, state) in batch:
                disk.state_write(state, os.path.join(room, str(number)))
                folders.append(os.path.join(room, str(number)))
            for (number, (done, _)), folder, line in zip(batch, folders, read(folders)):
                fault = fault_of(line, folder, least[done - 1])
                tally.case(f"state {number} (seed {seed}), power lost after step {done} of {len(steps)}", fault)
                tally.note("no checkpoint yet" if line == "none" else "refused" if fault else
                           "the newest promised, or a newer one" + (", and a damaged one named" if "[" in line else ""))


def judge_self(steps, seed):
    """Writers that leave something out, each by dropping it from the journal: the judge must find every one of them out."""
    lacks = {"fsync of files": lambda s: s.name == "fsync" and s.path.endswith((".json", ".safetensors")),
             "fsync of a checkpoint's folder": lambda s: s.name == "fsync" and "/checkpoints/." in s.path and
             not s.path.endswith((".json", ".safetensors")),
             "fsync of the folder of all": lambda s: s.name == "fsync" and s.path.endswith("/checkpoints")}
    tally = Count()
    for words, lacking in lacks.items():
        kept = [s for s in steps if not lacking(s)]
        found = Count()
        found.case = lambda name, fault, it=found: (setattr(it, "cases", it.cases + 1),
                                                    setattr(it, "failed", it.failed + bool(fault)))
        judge(kept, 300, seed, found)
        tally.case(words, "" if found.failed and len(kept) < len(steps) else "found no fault; expected some, as nothing is safe")
        print(f"without {words}: {found.failed} of {found.cases} states were bad")
    return tally


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--states", type=int, default=500)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--self", action="store_true")
    asked = words.parse_args()
    need_interpose()
    steps = journal_of_saves(scratch_of_all.name)
    print(f"{SAVES} saves, {len(steps)} steps of the disk, seed {asked.seed}")
    if asked.self:
        return judge_self(steps, asked.seed).end()
    tally = Count()
    judge(steps, asked.states, asked.seed, tally)
    return tally.end()


if __name__ == "__main__":
    scratch_of_all = scratch()
    try:
        sys.exit(main())
    finally:
        shutil.rmtree(scratch_of_all.name, ignore_errors=True)
