"""What the scripts of this folder share: both sides as whole processes on one core, in turns, and what their pairs come to."""
import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

FILES = [a + "-" + b for a in ("train", "t10k") for b in ("images-idx3-ubyte", "labels-idx1-ubyte")]
# Split MNIST, class-incremental. What bare_split_mnist does, too.
SCENARIO = """perdure: 1
name: bench
seeds: [0]
data: {set: mnist, root: %(root)s, normalize: %(normalize)s}
stream: {split: {by: class, tasks: 5, order: given}, scenario: class-il}
network: {type: mlp, hidden: %(hidden)s}
optimizer: %(optimizer)s
training: {batch: %(batch)s, executor: %(executor)s, %(length)s}
device: {type: cpu, threads: 1}
methods:
  - {name: %(method)s%(strategies)s}
evaluation: {matrix: {untrained: false}}
output: {checkpoint: %(checkpoint)s}
"""
# One pass with SGD ("W1"), unless a script asks for something else.
W1 = {"normalize": "standard", "optimizer": "{type: sgd, lr: 0.1}", "length": "epochs: 1"}
# The other side saves nothing, either.
ALWAYS = {"checkpoint": "none", "hidden": "[400, 400]", "batch": "128", "executor": "auto"}
CORE = str(min(os.sched_getaffinity(0)))


def arguments(what, pairs=5):
    """The command line that the scripts have in common: `what` is the script's own words."""
    parser = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="a build with -DPERDURE_BENCH=ON (build/release)")
    parser.add_argument("--pairs", type=int, default=pairs, help=f"pairs of a figure ({pairs})")
    parser.add_argument("--data", default=os.environ.get("PERDURE_DATA"),
                        help="holds mnist/ with its four files, packed or not ($PERDURE_DATA)")
    parser.add_argument("--json", help="writes the figures into this file, too")
    return parser


def unpack(source, root):
    """Unpacked files, as both sides read them."""
    os.makedirs(root + "/mnist")
    for name in FILES:
        path = f"{source}/mnist/{name}"
        packed = os.path.exists(path + ".gz")
        with (gzip.open(path + ".gz") if packed else open(path, "rb")) as old, open(f"{root}/mnist/{name}", "wb") as new:
            shutil.copyfileobj(old, new) # in pieces: what a process holds counts as the peak of those that it starts


def measured(command, core=CORE):
    """A process on one core (None: any) without a GPU: seconds of wall and of CPU, most resident bytes of it or of one that it started, and
    its standard output; a failure ends the script."""
    environment = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", CUDA_VISIBLE_DEVICES="")
    pinned = ["taskset", "-c", core] if core else []
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        with subprocess.Popen(pinned + command, env=environment, stdout=out, stderr=err) as child:
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        told, failed = ((f.seek(0), f.read().decode(errors="replace"))[1] for f in (out, err))
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}:\n{failed}")
    return {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024, "out": told}


def timed(command, core=CORE):
    """Seconds and standard output of a process, as `measured`."""
    seen = measured(command, core)
    return seen["wall"], seen["out"]


def perdure(bench, method, strategies="", setup=None):
    """A run of one method with one seed. strategies: YAML, eg. "[{replay: {capacity: 2000}}]"; setup: keys as in W1."""
    scenario, out = f"{bench.work}/{method}.yaml", f"{bench.work}/run-{method}"
    words = {**ALWAYS, **(setup or W1), "root": bench.root, "method": method, "strategies": strategies and ", strategies: " + strategies}
    with open(scenario, "w", encoding="utf-8") as f:
        f.write(SCENARIO % words)
    seen = measured([bench.program, "run", scenario, "--out", out, "--fresh"])
    with open(f"{out}/cells/{method}/seed-0/result.json", encoding="utf-8") as f:
        result = json.load(f)
    seconds = result["seconds"]
    start = seen["wall"] - seconds["train"] - seconds["evaluate"] - seconds["between_tasks"]
    return {"wall": seen["wall"], "peak": seen["peak"], "rate": result["steps_per_second"], "start": start, "between_tasks": seconds["between_tasks"],
            "accuracy": result["metrics"]["acc.macro"], "memory": result["peak_memory_bytes"], "seconds": seconds,
            "weights": result["weights_sha256"]}


def peer_of(words, *fields):
    """Of --peer NAME=COMMAND: both. The command's braces may hold these fields."""
    name, _, command = words.partition("=")
    if not name or not command:
        sys.exit(f"found --peer {words}; expected NAME=COMMAND")
    try:
        command.format(**dict.fromkeys(fields, ""))
    except (KeyError, IndexError, ValueError) as error:
        sys.exit(f"found --peer {words} ({error!r}); expected no other braces than {', '.join(f'{{{field}}}' for field in fields)}")
    return name, command


def shown(command):
    """Another program's command is named, and not told: its paths are those of one machine."""
    return [word.partition("=")[0] + "=..." if at and command[at - 1] == "--peer" else word for at, word in enumerate(command)]


def last_line(seen):
    """The last line of JSON that a process printed."""
    lines = [text for text in seen["out"].splitlines() if text.startswith("{")]
    if not lines:
        sys.exit(f"found no line of JSON in what a side printed; expected one with it_per_s and avg_acc:\n{seen['out'][-2000:]}")
    return json.loads(lines[-1])


def bare(bench, strategy, *options):
    """A run of bare_split_mnist."""
    seen = measured([bench.bare, "--strategy", strategy, "--root", f"{bench.root}/mnist", *options])
    line = last_line(seen)
    return {"wall": seen["wall"], "peak": seen["peak"], "rate": line["it_per_s"], "accuracy": line["avg_acc"], "memory": line["rss_mb"] * 2**20,
            "line": line}


def in_turns(count, one, other):
    """Pairs of results: one, other, other, one, ... as a machine that gets slower does so to both."""
    pairs = []
    for i in range(count):
        if i % 2:
            b, a = other(), one()
        else:
            a, b = one(), other()
        pairs.append((a, b))
    return pairs


def spread(values):
    return {"min": min(values), "median": statistics.median(values), "max": max(values), "n": len(values)}


def against(target, figure):
    """What stands beside a figure that has a target."""
    return {"target": target, "met": figure["median"] >= target}


def results(out, keys):
    """Of a run folder: what these keys of each cell's result.json hold, by "METHOD/seed-N"."""
    found = {}
    for method in sorted(os.listdir(f"{out}/cells")):
        for seed in sorted(os.listdir(f"{out}/cells/{method}")):
            with open(f"{out}/cells/{method}/{seed}/result.json", encoding="utf-8") as f:
                result = json.load(f)
            found[f"{method}/{seed}"] = {key: result[key] for key in keys}
    return found


def machine(bench):
    """As `perdure bench` describes it: {"machine", "engine"}. Two steps, for LibTorch says its version when it is loaded."""
    _, out = timed([bench.program, "bench", "--only", "finetune", "--pairs", "1", "--steps", "2", "--json"], core=None)
    told = json.loads(out)
    return {"machine": told["machine"], "engine": told["engine"]}


def measure(given, figures_of):
    """Sets up, lets figures_of(bench) fill in the figures, prints them. `bench` is `given` and what is there to run."""
    if not given.data:
        sys.exit("found no --data and no PERDURE_DATA; expected the folder that holds mnist/")
    build = os.path.abspath(given.build)
    given.program, given.bare, given.floor = (build + name for name in
                                              ("/bin/perdure", "/bench/bare_split_mnist", "/bench/load_torch"))
    for program in (given.program, given.bare, given.floor):
        if not os.access(program, os.X_OK):
            sys.exit(f"found no {program}; expected a build with -DPERDURE_BENCH=ON")
    with tempfile.TemporaryDirectory(prefix="perdure-bench-") as given.work:
        given.root = given.work + "/data"
        unpack(given.data, given.root)
        figures = {**machine(given), **figures_of(given)}
    print(json.dumps(figures, indent=2))
    if given.json:
        with open(given.json, "w", encoding="utf-8") as f:
            json.dump(figures, f, indent=2)
