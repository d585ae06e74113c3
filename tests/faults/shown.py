"""Tests whose expected words stand in docs/faults.md: each says which fault of the catalogue it is, what it does, and what is
then seen, word for word. scripts/faults writes the page from the same rows, by --table."""
import json
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
            self.assertEqual(test(self), seen)
        compare.__name__ = test.__name__
        return compare
    return wrap


def said(done):
    """Exit code, errors, warnings and hints, without the lines of the course of a run and what differs from time to time."""
    lines = [line for line in done.err.splitlines() if not line.startswith("[")]
    words = " ".join(lines)
    words = re.sub(r"perdure: results are in \S+", "", words)
    words = re.sub(r"\b[0-9a-f]{12,64}\b", "...", words)
    words = re.sub(r"/\.tmp-\d+-\d+", "/.tmp-N", words)
    words = re.sub(r"\s+", " ", words).strip()
    return f"exit {done.code}" + (f": {words}" if words else "")


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
