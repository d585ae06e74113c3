#!/usr/bin/env python3
"""`perdure bundle`: an archive that another machine verifies (here: another folder and home, the run and its scenario gone), the same
bytes each time, and nothing that an archive can do to who unpacks it."""
import gzip
import io
import json
import os
import re
import shutil
import tarfile
import unittest

from program import BUILD
from verified import Verified, sha256

if not os.path.exists(os.path.join(BUILD, "lib/libperdure_archive.so")):
    if os.environ.get("PERDURE_CI") == "1":
        raise SystemExit("found no libperdure_archive.so; expected it: install libarchive-dev and build again")
    print("skipped: found no libperdure_archive.so; expected one, which a build with libarchive makes")
    raise SystemExit(77)


class Bundle(Verified):
    def pack(self, *options, name="out.tar.gz", **environment):
        self.run_program("bundle", self.run_folder, self.path(name), *options, **environment)
        return self.path(name)

    def names(self, file):
        with tarfile.open(file) as archive:
            return archive.getnames()

    def away(self):
        """As on another machine: what the run was made with is elsewhere, and its home too."""
        os.rename(self.home, self.home + ".gone")
        self.addCleanup(os.rename, self.home + ".gone", self.home)
        os.mkdir(self.path("home"))
        return {"HOME": self.path("home")}

    def bad(self, done):
        return [line for line in done.stdout.splitlines() if line.startswith("bad ")]

    def test_verifies_where_nothing_else_of_it_is(self):
        file = self.pack()
        shutil.rmtree(self.run_folder)
        shutil.copy(os.path.join(self.home, "clouds.csv"), self.path("clouds.csv"))
        home = self.away()
        done = self.run_program("verify", file, "--cells", "all", "--data", self.path(), "--plugins", **home)
        self.assertEqual(len(re.findall(r"run again: matrix and weights are the same", done.stdout)), 3, done.stdout)
        with tarfile.open(file) as archive:
            archive.extractall(self.path("unpacked"), filter="data") if hasattr(tarfile, "data_filter") else \
                archive.extractall(self.path("unpacked"))
        done = self.run_program("verify", self.path("unpacked/clouds"), "--data", self.path(), "--plugins", **home)
        self.assertEqual(self.bad(done), [])
        # Its code runs only for who says so, and without the data it is said what is missing.
        done = self.run_program("verify", file, "--data", self.path(), code=1, **home)
        self.assertIn("found pull.so, which came with the run; expected a plugin of this machine", done.stdout)
        os.remove(self.path("clouds.csv"))
        done = self.run_program("verify", file, "--plugins", code=1, **home)
        self.assertIn("bad      data clouds.csv: found no such file here; expected SHA-256 ", done.stdout)

    def test_with_its_data(self):
        file = self.pack("--data")
        self.assertIn("clouds/data/clouds.csv", self.names(file))
        shutil.rmtree(self.run_folder)
        done = self.run_program("verify", file, "--plugins", "--only", "mine", **self.away())
        self.assertIn("mine/seed-0: run again", done.stdout)

    def test_what_is_in_it(self):
        self.put(self.of_run("private.txt"), "not of the run")
        names = self.names(self.pack())
        events = [n for n in names if "/events.out.tfevents." in n]  # named by the time and the machine
        self.assertEqual(len(events), 3)
        names = [n for n in names if n not in events]
        cell = ["log.jsonl", "manifest.json", "matrix.csv", "result.json", "weights.safetensors"]
        self.assertEqual(names, sorted(
            [f"clouds/cells/{m}/seed-0/{n}" for m in ("finetune", "replay", "mine") for n in cell] +
            [f"clouds/{n}" for n in ("README.md", "manifest.json", "plan.json", "plugins/pull.so", "results.csv",
                                     "ro-crate-metadata.json", "scenario.yaml", "summary.json")] +
            ["clouds/report.html"]))
        more = self.names(self.pack("--checkpoints", name="more.tar.gz"))
        self.assertTrue([n for n in more if "/checkpoints/step-" in n and n.endswith("/state.safetensors")])

    def test_a_file_that_is_no_archive_stays(self):
        self.put(self.path("scenario.yaml"), "words of somebody")
        done = self.run_program("bundle", self.run_folder, self.path("scenario.yaml"), code=73)
        self.assertIn("scenario.yaml: found a file that is no archive; expected none there, or one to make again", done.stderr)
        with open(self.path("scenario.yaml"), encoding="utf-8") as f:
            self.assertEqual(f.read(), "words of somebody")
        self.assertEqual(sha256(self.pack()), sha256(self.pack()))  # over itself

    def test_the_same_bytes(self):
        first = sha256(self.pack(name="a.tar.gz"))
        os.utime(self.of_run("plan.json"))
        self.assertEqual(first, sha256(self.pack(name="b.tar.gz")))
        with tarfile.open(self.pack(name="c.tar.gz", SOURCE_DATE_EPOCH="86400")) as archive:
            self.assertEqual({m.mtime for m in archive.getmembers()}, {86400})
            self.assertEqual({(m.mode, m.uid, m.gid) for m in archive.getmembers()}, {(0o644, 0, 0)})
            self.assertIn(sha256(self.of_run("manifest.json")),
                          archive.extractfile("clouds/README.md").read().decode())

    def test_the_crate(self):
        with tarfile.open(self.pack("--licence", "CC-BY-4.0")) as archive:
            crate = json.load(archive.extractfile("clouds/ro-crate-metadata.json"))
            inside = {n.removeprefix("clouds/") for n in archive.getnames()}
            graph = {e["@id"]: e for e in crate["@graph"]}
            for entity in crate["@graph"]:
                if entity["@type"] == "File":
                    bytes_ = archive.extractfile("clouds/" + entity["@id"]).read()
                    self.assertEqual(int(entity["contentSize"]), len(bytes_))
        self.assertEqual(len(graph), len(crate["@graph"]))  # every @id once
        references = [v["@id"] for e in crate["@graph"] for value in e.values()
                      for v in (value if isinstance(value, list) else [value]) if isinstance(v, dict)]
        outside = {r for r in references if r not in graph}
        self.assertEqual(outside, {"https://w3id.org/ro/crate/1.1", "http://schema.org/CompletedActionStatus"})
        self.assertEqual({e["@id"] for e in crate["@graph"] if e["@type"] == "File"}, inside - {"ro-crate-metadata.json"})
        self.assertEqual(graph["#licence"]["name"], "CC-BY-4.0")
        actions = [e for e in crate["@graph"] if e["@type"] == "CreateAction"]
        self.assertEqual([a["name"] for a in actions], ["finetune/seed-0", "replay/seed-0", "mine/seed-0"])
        for action in actions:
            self.assertEqual(len(action["result"]), 6)
            self.assertLessEqual(action["startTime"], action["endTime"])
            self.assertEqual(action["instrument"], {"@id": "#perdure"})

    def test_a_run_that_is_not_what_it_says_goes_to_nobody(self):
        self.byte_changed(self.cell("mine", "weights.safetensors"), -1)
        done = self.run_program("bundle", self.run_folder, self.path("out.tar.gz"), code=1)
        self.assertIn("found a run that is not what its manifests say; expected one that is", done.stderr)
        self.assertFalse([n for n in os.listdir(self.path()) if n.startswith("out.tar.gz")])
        self.run_program("bundle", self.path("nothing"), self.path("out.tar.gz"), code=66)
        self.run_program("bundle", self.run_folder, code=64)

    def test_a_bundle_that_was_changed(self):
        file = self.pack()
        with tarfile.open(file) as archive:
            members = [(m, archive.extractfile(m).read()) for m in archive.getmembers()]
        with tarfile.open(file, "w:gz") as archive:
            for member, content in members:
                if member.name.endswith("mine/seed-0/weights.safetensors"):
                    content = content[:-1] + bytes([content[-1] ^ 1])
                archive.addfile(member, io.BytesIO(content))
        done = self.run_program("verify", file, "--cells", "0", code=1)
        self.assertIn("bad      cells/mine/seed-0/weights.safetensors: found SHA-256", done.stdout)

    def hostile(self, *members):
        with tarfile.open(self.path("bad.tar.gz"), "w:gz") as archive:
            for name, kind, link in members:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, link
                archive.addfile(member, io.BytesIO(b""))
        return self.run_program("verify", self.path("bad.tar.gz"), code=65, TMPDIR=self.path("t")).stderr

    def test_archives_that_lead_elsewhere(self):
        os.mkdir(self.path("t"))
        wanted = "expected files and folders with names below it"
        self.assertIn(wanted, self.hostile(("../x", tarfile.REGTYPE, "")))
        self.assertIn(wanted, self.hostile(("a/../../x", tarfile.REGTYPE, "")))
        self.assertIn(wanted, self.hostile((self.path("x"), tarfile.REGTYPE, "")))
        self.assertIn(wanted, self.hostile(("a/link", tarfile.SYMTYPE, "/etc")))
        self.assertIn(wanted, self.hostile(("a/pipe", tarfile.FIFOTYPE, "")))
        self.assertIn("found a name twice", self.hostile(("a/b", tarfile.REGTYPE, ""), ("a/b", tarfile.REGTYPE, "")))
        self.assertIn("found 2 names at its top", self.hostile(("a/b", tarfile.REGTYPE, ""), ("c/b", tarfile.REGTYPE, "")))
        self.assertEqual(os.listdir(self.path("t")), [])  # nothing is left, nothing was put beside it
        self.assertFalse(os.path.exists(self.path("x")))
        with gzip.open(self.path("bad.tar.gz"), "wb") as f:
            f.write(b"no archive" * 100)
        self.assertIn("found a damaged archive", self.run_program("verify", self.path("bad.tar.gz"), code=65).stderr)


if __name__ == "__main__":
    unittest.main()
