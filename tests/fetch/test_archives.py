#!/usr/bin/env python3
"""Archives over https: what is taken of them, and those that are none of the published ones."""
import io
import os
import shutil
import tarfile
import unittest

from fetching import BUILD, PROBE, Case, noise, sha256


def tar(members, mode="w:gz"):
    """(name, content) or (name, tarfile type, link name); None as content: a folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, what, *link in members:
            info = tarfile.TarInfo(name)
            if link:
                info.type, info.linkname = what, link[0]
                archive.addfile(info)
            elif what is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(what)
                archive.addfile(info, io.BytesIO(what))
    return out.getvalue()


class Archives(Case):
    def setUp(self):
        super().setUp()
        self.one, self.two = noise(30000, 1), noise(5000, 2)
        self.good = [("set", None), ("set/one.bin", self.one), ("set/readme.html", b"words"), ("set/two.bin", self.two),
                     ("set/names.txt", b"cat\ndog\n")]

    def serve(self, members, content=None, **more):
        packed = tar(members) if content is None else content
        self.server.files["/set.tar.gz"] = packed
        self.set = {"name": "small", "authorities": self.cert, "folder": "set", "archive": "set.tar.gz",
                    "archive_sha256": sha256(packed), "archive_size": len(packed), "beside": ["names.txt"],
                    "files": [{"name": "one.bin", "size": len(self.one)}, {"name": "two.bin", "size": len(self.two)}], **more}

    def refused(self, members, words, content=None):
        self.serve(members, content)
        self.assertEqual(self.fetch(code=65), [f"perdure: error: {self.server.url('/set.tar.gz')}: {words}"])
        self.assertEqual(self.names(), [])

    def test_the_members_of_the_set(self):
        self.serve(self.good)
        self.fetch()
        self.assertEqual(self.names(), ["names.txt", "one.bin", "two.bin"])
        self.assertEqual(self.read("root", "small", "one.bin"), self.one)
        self.assertEqual(self.read("root", "small", "two.bin"), self.two)
        self.server.asked.clear()
        self.fetch()
        self.assertEqual(self.server.asked, [])

    def test_what_may_be_missing_may_be(self):
        self.serve(self.good[:-1])
        self.fetch()
        self.assertEqual(self.names(), ["one.bin", "two.bin"])

    def test_another_archive(self):
        self.serve(self.good, archive_sha256="0" * 64)
        found = sha256(self.server.files["/set.tar.gz"])
        self.assertEqual(self.fetch(code=65)[-2:],
                         [f"perdure: error: {self.server.url('/set.tar.gz')}: found SHA-256 {found}; expected {'0' * 64}",
                          "hint: the file is damaged or another one; nothing was stored"])
        self.assertEqual(self.names(), [])

    def test_members_that_leave_the_folder(self):
        for name in ("../one.bin", "set/../../x", "set/..", "/etc/passwd", "//x"):
            self.refused([*self.good, (name, b"x")], f"found member {name}, whose path leaves the archive's folder; "
                                                     "expected plain files")

    def test_members_that_are_links_or_devices(self):
        for kind, what in ((tarfile.SYMTYPE, "a link"), (tarfile.LNKTYPE, "a link"), (tarfile.FIFOTYPE, "neither file nor folder"),
                           (tarfile.CHRTYPE, "neither file nor folder")):
            self.refused([*self.good, ("set/odd", kind, "one.bin")], f"found member set/odd, {what}; expected plain files")
        self.refused([("set/one.bin", tarfile.SYMTYPE, "/etc/passwd"), *self.good[2:]],
                     "found member set/one.bin, a link; expected plain files")

    def test_members_of_another_size(self):
        self.refused([("set/one.bin", self.one + b"x"), *self.good[2:]],
                     "found 30001 bytes of set/one.bin; expected 30000")
        self.refused([*self.good[:-1], ("set/names.txt", b"x" * 65537)],
                     "found 65537 bytes of set/names.txt; expected at most 65536")

    def test_members_that_are_missing_or_there_twice(self):
        self.refused(self.good[:3], "found no member set/two.bin; expected it")
        self.refused([("one.bin", self.one), ("two.bin", self.two)], "found no member set/one.bin; expected it")
        self.refused([*self.good, self.good[1]], "found set/one.bin twice; expected it once")

    def test_more_than_the_set(self):
        self.refused([*self.good, ("set/more", bytes(3 << 20))],
                     "found more than twice the bytes of the set; expected at most that")
        self.refused([*self.good, *((f"set/{i}", b"") for i in range(1000))],
                     "found more than 1000 members; expected at most that")

    def test_no_archive(self):
        for content in (b"no archive at all", tar(self.good)[:20000]):
            self.serve(self.good, content)
            self.assertRegex(self.fetch(code=65)[-1], rf"^perdure: error: {self.server.url('/set.tar.gz')}: found a damaged archive \(.*\); expected a \.tar\.gz$")
            self.assertEqual(self.names(), [])

    def test_a_cut_archive_goes_on(self):
        self.serve(self.good)
        self.server.orders["/set.tar.gz"] = [{"cut": 20000}, {}]
        self.fetch()
        self.assertEqual([asked[1] for asked in self.server.asked], [None, "bytes=20000-"])
        self.assertEqual(self.names(), ["names.txt", "one.bin", "two.bin"])

    # ---- builds that lack a library ----

    def probe_beside(self, libraries):
        """The probe in a folder of its own, beside which stands what it loads."""
        os.makedirs(self.path("built", "bin"))
        shutil.copy(PROBE, self.path("built", "bin", "probe"))
        if libraries:
            shutil.copytree(libraries, self.path("built", "lib"))
        return self.path("built", "bin", "probe")

    def test_a_build_without_the_libraries(self):
        self.serve(self.good)
        probe = self.probe_beside(os.path.join(BUILD, "tests", "bare", "lib"))
        self.assertEqual(self.fetch(code=69, probe=probe),
                         ["perdure: error: data fetch: found a Perdure that was built without libcurl; expected one with it",
                          "hint: Debian: apt-get install libcurl4-openssl-dev, and build again; or --from FOLDER"])
        self.assertFalse(os.path.exists(self.path("root")))

    def test_libraries_that_do_not_load(self):
        self.serve(self.good)
        said = self.fetch(code=69, probe=self.probe_beside(None))
        self.assertRegex(said[0], r"^perdure: error: data fetch: found that libperdure_fetch\.so does not load: .*cannot open")
        self.assertEqual(said[1], "hint: Debian: apt-get install libcurl4 libarchive13; or build Perdure again")


if __name__ == "__main__":
    unittest.main()
