"""Tests whose expected words stand in docs/faults.md: each says which fault of the catalogue it is, what it does, and what is
then seen, word for word. scripts/faults writes the page from the same rows, by --table. With SHOW=1 a test prints what it saw."""
import json
import os
import re
import sys
import unittest

from faults import Place, differs, ended, scenario, scratch

ROWS = []


def shows(fault, did, seen):
    """The test returns what it saw."""
    def wrap(test):
        ROWS.append({"fault": fault, "did": did, "seen": seen, "name": test.__name__})

        def compare(self):
            found = test(self)
            if os.environ.get("SHOW"):
                print(f"{test.__name__}: {found}\n")
            self.assertEqual(found, seen)
        compare.__name__ = test.__name__
        return compare
    return wrap


def said(done):
    """Exit code, errors, warnings and hints a line each, without the course of the run and what differs from time to time."""
    lines = []
    for line in done.err.splitlines():
        line = re.sub(r"\b([0-9a-f]{64}|[0-9a-f]{60}\.\.\.|[0-9a-f]{12}\b)", "...", line)
        line = re.sub(r"/\.tmp-\d+-\d+", "/.tmp-N", line).removeprefix("perdure: ").strip()
        line = re.sub(r"/events\.out\.tfevents\.[^:]+", "/events.out.tfevents.N", line)
        line = re.sub(r"^(error: |)cell/seed-0: ", r"\1", line)
        if line and not line.startswith(("[", "results are in", "manifest: ", "info: ", "1 of 1 cells failed")):
            lines.append(line)
    return "\n".join([f"exit {done.code}", *lines])


class Shown(unittest.TestCase):
    maxDiff = None
    WORDS = scenario(every="{batches: 20}")
    undisturbed = None

    @classmethod
    def setUpClass(cls):
        cls.room = scratch()
        cls.addClassCleanup(cls.room.cleanup)
        clean = Place(cls.room.name + "/clean", cls.WORDS)
        done = clean.go(**cls.first(clean))
        if done.code:
            raise SystemExit(f"exit {done.code} without any fault: {done.err}")
        cls.undisturbed, cls.clean = ended(clean.run), clean

    @classmethod
    def first(cls, place):
        """Environment of the run that nothing happens to."""
        del place
        return {}

    def setUp(self):
        self.place = Place(f"{self.room.name}/{self._testMethodName}", self.WORDS)

    def again(self, *command):
        """How the same command goes on, once nothing is wrong any more."""
        done = self.place.go(*command)
        fault = f"exit {done.code}: {done.err}" if done.code else differs(ended(self.place.run), self.undisturbed)
        return fault or "the same command ends with the same bits"


def main():
    if sys.argv[1:] == ["--table"]:
        json.dump(ROWS, sys.stdout, indent=1)
    else:
        unittest.main()
