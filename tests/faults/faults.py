"""What the tests of this folder share: the program under interpose/, its calls, and what a run ended with."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

BUILD = os.environ.get("PERDURE_BUILD_DIR", "")
SOURCE = os.environ.get("PERDURE_SOURCE_DIR", "")
PROGRAM = os.path.join(BUILD, "bin", "perdure")
INTERPOSE = os.path.join(BUILD, "tests", "faults", "interpose.so")
PROBE = os.path.join(BUILD, "tests", "save_probe")
SKIP = 77

# Three tasks of synthetic rows: a cell takes a fifth of a second, most of it to load LibTorch.
SCENARIO = """\
perdure: 1
name: tiny
seeds: [0]
data: {set: synthetic, classes: 6, train_rows: 600, test_rows: 120, shape: [1, 4, 4]}
stream: {split: {by: class, tasks: 3}, scenario: class-il}
network: {type: mlp, hidden: [16]}
optimizer: {type: adam, lr: 0.01}
training: {batch: 10, epochs: %(epochs)d}
device: {type: cpu, threads: 1}
methods:
  - {name: %(name)s, strategies: [%(strategies)s]}
output: {folder: run, checkpoint: {every: %(every)s, keep: 2}}
"""


def need_interpose():
    """A sanitizer wants to be the first that is preloaded, and counts what an interposer does as the program's."""
    if not os.path.exists(INTERPOSE):
        print("skipped: found no interpose.so; expected one, which builds with a sanitizer leave out")
        sys.exit(SKIP)


def scenario(strategies="replay: {capacity: 50}", name="cell", epochs=1, every="task"):
    return SCENARIO % {"name": name, "strategies": strategies, "epochs": epochs, "every": every}


def scratch():
    """A folder in RAM where there is one: the tests sync thousands of times, and no power is going to be lost."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="perdure-faults-", dir=where)


@dataclass
class Call:
    who: str
    process: int
    number: int
    name: str
    path: str
    second: str
    fault: str


def calls_read(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [Call(who, int(process), int(number), *rest)
                for who, process, number, *rest in (line[:-1].split("\t") for line in f)]


def environment(**more):
    clean = {k: v for k, v in os.environ.items()
             if k not in ("PERDURE_PLUGIN_PATH", "PERDURE_DATA", "COLUMNS") and not k.startswith("FAULT_")}
    clean.update(LC_ALL="C", **more)
    return clean


@dataclass
class Done:
    code: int
    out: str
    err: str


class Place:
    """A folder with a scenario, in which one run lies in `run`."""

    def __init__(self, folder, words=None):
        self.folder = os.path.realpath(folder)
        os.makedirs(self.run, exist_ok=True)
        if words:
            with open(self.path("s.yaml"), "w", encoding="utf-8") as f:
                f.write(words)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    @property
    def run(self):
        return self.path("run")

    def faulty(self, **fault):
        """Environment under interpose/: FAULT_... by their names in small letters; calls go to the file `calls`."""
        if os.path.exists(self.path("calls")):
            os.remove(self.path("calls"))
        named = {f"FAULT_{k.upper()}": str(v) for k, v in fault.items() if v is not None}
        return {"FAULT_FOLDER": self.run, "FAULT_LOG": self.path("calls"), "LD_PRELOAD": INTERPOSE, **named}

    def start(self, *command, **more):
        return subprocess.Popen(command or (PROGRAM, "run", "s.yaml"), cwd=self.folder, env=environment(**more),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def go(self, *command, **more):
        process = self.start(*command, **more)
        out, err = process.communicate(timeout=300)
        return Done(process.returncode, out, err.replace(self.folder, "@"))

    def calls(self):
        return calls_read(self.path("calls"))

    def copy(self, folder):
        shutil.copytree(self.folder, folder, symlinks=True)
        return Place(folder)


def file_digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def tree(folder, leave=lambda name: False):
    """Everything below a folder by its path: digests of files, texts of links, "folder"."""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(at, name)
            key = os.path.relpath(path, folder)
            if not leave(name):
                found[key] = ("-> " + os.readlink(path) if os.path.islink(path) else
                              "folder" if os.path.isdir(path) else file_digest(path))
    return found


def ended(run):
    """What must be the same whatever happened on the way: of each cell its weights, matrices, counts and metrics, and its
    files of figures. Times and sizes in memory are not."""
    cells = {}
    for at, _, files in os.walk(os.path.join(run, "cells")):
        if "result.json" not in files:
            continue
        with open(os.path.join(at, "result.json"), encoding="utf-8") as f:
            result = json.load(f)
        kept = {k: v for k, v in result.items() if k in ("weights_sha256", "steps", "warnings", "tasks", "status") or
                k.startswith(("matrix", "counts", "metrics"))}
        for name in files:
            if name in ("matrix.csv", "weights.safetensors", "log.jsonl"):
                kept[name] = file_digest(os.path.join(at, name))
        cells[os.path.relpath(at, run)] = kept
    return cells


def differs(found, expected):
    """In which words two results of ended() differ; "" where they are the same."""
    if not expected:
        return "there is nothing to compare with"
    words = []
    for cell in sorted(set(found) | set(expected)):
        one, other = found.get(cell), expected.get(cell)
        if one is None or other is None:
            words.append(f"{cell} is {'missing' if one is None else 'too many'}")
        else:
            words += [f"{cell}: {key}: found {one.get(key)}; expected {other.get(key)}"
                      for key in sorted(set(one) | set(other)) if one.get(key) != other.get(key)]
    return "; ".join(words)


def at_once(work, items, workers=2):
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, items))


class Count:
    """Cases, failures, and what was seen how often; the last line of a test."""

    def __init__(self):
        self.cases, self.failed, self.seen, self.began = 0, 0, {}, time.monotonic()

    def case(self, name, fault):
        """`fault`: "" where all is as expected."""
        self.cases += 1
        if fault:
            self.failed += 1
            if self.failed <= 20:
                print(f"FAILED {name}: {fault}", flush=True)

    def note(self, words):
        self.seen[words] = self.seen.get(words, 0) + 1

    def end(self):
        for words, count in sorted(self.seen.items()):
            print(f"{count:6d}  {words}")
        print(f"{self.cases} cases, {self.failed} failed, {time.monotonic() - self.began:.1f} s")
        return 0 if self.cases and not self.failed else 1
