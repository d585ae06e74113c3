#!/usr/bin/env python3
"""conformance.py STRATEGY [--with 'KEY: VALUE']... [--bad CHECK]: `perdure plugin test`, and that the checks which are bad
are CHECK alone, or none. A GPU that is there is asked as well; none is no fault."""
import argparse
import json
import os
import re
import subprocess
import sys

BUILD = os.environ["PERDURE_BUILD_DIR"]
CHECKS = ["run", "findings", "release", "grad-mode", "seed", "saving", "state", "resume", "gradient", "refusals", "one-row",
          "one-class", "no-rows", "streams", "gpu"]
# What the words must say of each fault of tests/plugins/unruly.c.
WORDS = {"crash": r"did not come to its end: strategy unruly, hook after_batch, task 2, step 9: killed by SIGSEGV$",
         "signal": r"did not come to its end: strategy unruly, hook after_batch, task 2, step 9: killed by SIGTERM$",
         "hang": r"did not come to its end: strategy unruly, hook after_batch, task 2, step 9: did not return within 3 s$",
         "refuse": r"strategy unruly, hook after_batch, task 2, step 9: found enough; expected less$",
         "zero": r"found a penalty of 0 after the weights moved",
         "keep": r"^found 1 tensors or models, 0 memories, 0 optimizers and 0 scopes left behind by a whole cell",
         "scope": r"^found 0 tensors or models, 0 memories, 0 optimizers and 3 scopes left behind",
         "mode": r"^found the thread's grad mode off behind after_batch",
         "clock": r"^found other weights or accuracies in a second process",
         "address": r"^found other weights or accuracies in a second process",
         "unset": r"^found other weights or accuracies in a second process",
         "statics": r"^found other weights or accuracies in the second cell of one process",
         "saving": r"expected save\(\) to change nothing$",
         "loading": r"^found bytes/count \(8 bytes\) is saved with other bytes",
         "forget": r"^killed in \w+, task \d, step \d+: found other weights or accuracies when it went on",
         "detach": r"^found add_loss 1, task 1, step 2: backward says that it changes by (\S+) along a direction, "
                   r"and it changes by (\S+);",
         "cut": r"backward says that it changes by 0 along a direction \(it has no graph\)",
         "moved": r'^found "strategy unruly, hook before_forward, task 1, step 2: found other weights; expected those of before" '
                  r"once the weights were moved a little; expected a term$",
         "silent": r"^call \d+, tensor->\w+ in after_loss, refused: found a cell that went on without a word",
         "deref": r"^call 1, tensor->clone in after_loss, refused: found strategy unruly, hook after_loss, task 1, step 1: "
                  r"killed by SIGSEGV",
         "leak": r"^call \d+, tensor->full in create or destroy, refused: found 1 tensors or models",
         "row": r"^batches of one row: .*hook after_loss, task 1, step 1: killed by SIGFPE$",
         "shape": r"^batches of one row: it did not come to its end, nor refused in its own words: .*hook after_loss, task 1, step 1: slice",
         "class": r"^tasks of one class: .*hook before_task, task 1, step 0: killed by SIGFPE$",
         "no-rows": r"^a first task without rows: .*hook after_task, task 1, step 0: killed by SIGFPE$",
         "new": r"hook before_task, task 2, step \d+: killed by SIGFPE$"}


def asked():
    words = argparse.ArgumentParser()
    words.add_argument("strategy")
    words.add_argument("--with", dest="parameters", action="append", default=[])
    words.add_argument("--bad", choices=CHECKS)
    return words.parse_args()


def report_of(want):
    path = os.path.join(BUILD, "tests", "plugins", want.strategy + ".so")
    if not os.path.exists(path):
        path = os.path.join(BUILD, "lib", "perdure", "plugins", "1", want.strategy + ".so")
    command = [os.path.join(BUILD, "bin", "perdure"), "plugin", "test", path, "--json"]
    for one in want.parameters:
        command += ["--with", one]
    if want.bad:
        command += ["--calls", "15", "--limit", "3" if want.bad == "run" else "20"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or done.stderr:
        sys.exit(f"exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout), done.returncode


def faults(want, report, code):
    checks = {c["name"]: c for c in report["checks"]}
    bad = [name for name, c in checks.items() if c["verdict"] == "bad"]
    missing = [c for c in CHECKS if c not in checks] if want.bad != "run" else []
    if bad != ([want.bad] if want.bad else []) or missing:
        yield f"found bad: {bad}, missing: {missing}; expected bad: {want.bad}"
    if report["bad"] != len(bad) or code != (1 if bad else 0):
        yield f"found exit {code} and bad {report['bad']}; expected them to agree with {bad}"
    if want.bad and want.bad in checks:
        fault = want.parameters[-1].split(": ")[1]
        found = re.search(WORDS[fault], checks[want.bad]["words"])
        if not found:
            yield f"found {checks[want.bad]['words']!r}; expected {WORDS[fault]}"
        elif fault == "detach" and abs(float(found[2]) / float(found[1]) - 2) > 0.02:
            yield f"found {found[1]} and {found[2]}; expected backward to say half of it"
    if not want.bad and not report["hooks"]:
        yield "found no hooks; expected the time that each takes"


def main():
    want = asked()
    report, code = report_of(want)
    for c in report["checks"]:
        print(f"{c['verdict']:14s}  {c['name']:10s} {c['seconds']:6.2f} s  {c['words']}")
    told = list(faults(want, report, code))
    for fault in told:
        print(fault)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
