#!/usr/bin/env python3
"""Single files over https, and everything that may go wrong on the way."""
import gzip
import os
import signal
import socket
import subprocess
import unittest

from fetching import PROGRAM, Case, noise, sha256
from server import Server, certificate, wait_for


class Files(Case):
    def assert_fetched(self):
        self.assertEqual(self.read("root", "small", "rows"), self.content)
        self.assertEqual(self.names(), ["rows"])

    def refused(self, words, *addresses, code=74, hint=None):
        expected = [f"perdure: error: {words}"] + ([f"hint: {hint}"] if hint else [])
        said = self.fetch(*addresses, code=code)
        self.assertEqual(said[-len(expected):], expected)
        self.assertNotIn("rows", self.names())
        return said[:-len(expected)]

    def url(self):
        return self.server.url("/rows.gz")

    def test_a_file_that_comes_at_once(self):
        self.assertEqual(self.fetch(), [])
        self.assert_fetched()
        self.assertEqual(self.server.asked, [("/rows.gz", None, None)])

    def test_what_is_there_and_right_is_not_asked_for(self):
        self.fetch()
        self.server.asked.clear()
        self.fetch()
        self.assertEqual(self.server.asked, [])
        with open(self.path("root", "small", "rows"), "r+b") as f:
            f.write(b"damage")
        self.fetch()
        self.assertEqual(len(self.server.asked), 1)
        self.assert_fetched()

    def test_an_address_may_end_in_a_slash(self):
        self.fetch(self.server.url("/"))
        self.assert_fetched()

    def test_without_a_length(self):
        self.server.orders["/rows.gz"] = [{"length": False}]
        self.fetch()
        self.assert_fetched()

    # ---- what was cut off goes on ----

    def test_a_cut_connection_goes_on_where_it_ended(self):
        self.server.orders["/rows.gz"] = [{"cut": 50000}, {"cut": 120000}, {}]
        said = self.fetch()
        self.assert_fetched()
        whole = len(self.packed)
        self.assertEqual(said, [f"perdure: {self.url()}: found the connection cut after {n} of {whole} bytes; expected all of them; "
                                "trying again" for n in (50000, 120000)])
        self.assertEqual(self.server.asked, [("/rows.gz", None, None), ("/rows.gz", "bytes=50000-", '"one"'),
                                             ("/rows.gz", "bytes=120000-", '"one"')])

    def test_a_later_call_goes_on_too(self):
        self.server.orders["/rows.gz"] = [{"cut": 50000}, {"status": 403}]
        self.refused(f"{self.url()}: found HTTP status 403; expected 200")
        self.assertEqual(self.names(), ["rows.gz.part", "rows.gz.part.of"])
        self.assertEqual(self.read("root", "small", "rows.gz.part"), self.packed[:50000])
        self.server.orders.clear()
        self.server.asked.clear()
        self.fetch()
        self.assertEqual(self.server.asked, [("/rows.gz", "bytes=50000-", '"one"')])
        self.assert_fetched()

    def cut_off(self):
        """A part of 50,000 bytes, as an earlier call left it."""
        self.server.orders["/rows.gz"] = [{"cut": 50000}, {"status": 403}]
        self.fetch(code=74)
        self.server.orders.clear()
        self.server.asked.clear()

    def test_a_part_that_is_whole_already(self):
        self.cut_off()
        with open(self.path("root", "small", "rows.gz.part"), "wb") as f:
            f.write(self.packed)
        self.fetch()
        self.assertEqual(self.server.asked, [("/rows.gz", f"bytes={len(self.packed)}-", '"one"')])
        self.assert_fetched()

    def test_a_part_that_is_longer_than_the_file(self):
        self.cut_off()
        with open(self.path("root", "small", "rows.gz.part"), "wb") as f:
            f.write(self.packed + b"more")
        said = self.fetch()
        self.assertEqual(said, [f"perdure: {self.url()}: found HTTP status 416 for a part; expected the rest of the file; trying again"])
        self.assertEqual([asked[1] for asked in self.server.asked], [f"bytes={len(self.packed) + 4}-", None])
        self.assert_fetched()

    def test_a_file_that_changed_between_two_tries_begins_anew(self):
        self.cut_off()
        other = noise(210000, seed=2)
        self.server.files["/rows.gz"] = gzip.compress(other, mtime=0)
        self.server.orders["/rows.gz"] = [{"tag": '"two"'}]
        self.set["files"][0].update(sha256=sha256(other), size=len(other))
        self.content = other
        self.assertEqual(self.fetch(), [])
        self.assertEqual(self.server.asked, [("/rows.gz", "bytes=50000-", '"one"')])
        self.assert_fetched()

    def test_a_server_that_knows_no_parts_begins_anew(self):
        self.cut_off()
        self.server.http.ranges = False
        self.assertEqual(self.fetch(), [])
        self.assertEqual([asked[1] for asked in self.server.asked], ["bytes=50000-"])
        self.assert_fetched()

    def test_a_part_without_proof_of_its_origin_begins_anew(self):
        for how in ("no note", "another address", "no tag", "weak tag"):
            self.forget()
            if "tag" in how:
                self.server.orders["/rows.gz"] = [{"cut": 50000, "tag": 'W/"one"' if how == "weak tag" else None}, {"status": 403}]
                self.fetch(code=74)
            else:
                self.cut_off()
                note = self.path("root", "small", "rows.gz.part.of")
                if how == "no note":
                    os.unlink(note)
                else:
                    with open(note, "w", encoding="ascii") as f:
                        f.write('https://elsewhere/rows.gz\n"one"\n')
            self.server.orders.clear()
            self.server.asked.clear()
            self.fetch()
            self.assertEqual([asked[1] for asked in self.server.asked], [None], how)
            self.assert_fetched()

    def test_a_part_of_another_place_is_refused(self):
        self.cut_off()
        self.server.orders["/rows.gz"] = [{"shift": 7}]
        self.refused(f"{self.url()}: found a part from byte 50007; expected one from byte 50000")

    def test_a_part_with_damaged_bytes_is_dropped(self):
        self.cut_off()
        with open(self.path("root", "small", "rows.gz.part"), "r+b") as f:
            f.write(b"\0\0\0\0")
        self.refused(f"{self.url()}: found no gzip stream; expected one, as the name ends in .gz", code=65)
        self.assertEqual(self.names(), [])
        self.fetch()
        self.assert_fetched()

    def test_a_part_that_is_a_link_is_not_followed(self):
        os.makedirs(self.path("root", "small"))
        os.symlink(self.path("elsewhere"), self.path("root", "small", "rows.gz.part"))
        self.assertIn("found no way to create it", self.fetch(code=73)[-1])
        self.assertFalse(os.path.exists(self.path("elsewhere")))

    # ---- bytes that are not those of the set ----

    def test_wrong_bytes(self):
        wrong = bytes(reversed(self.content))
        self.server.files["/rows.gz"] = gzip.compress(wrong)
        self.refused(f"{self.url()}: found SHA-256 {sha256(wrong)} of its unpacked bytes; expected {sha256(self.content)}", code=65,
                     hint="the file is damaged or another one; nothing was stored")
        self.assertEqual(self.names(), [])

    def test_wrong_bytes_of_what_is_published(self):
        self.set["files"][0] = {"name": "rows", "size": len(self.content), "packed": sha256(self.packed)}
        other = gzip.compress(self.content, 9)
        self.server.files["/rows.gz"] = other
        self.refused(f"{self.url()}: found SHA-256 {sha256(other)}; expected {sha256(self.packed)}", code=65,
                     hint="the file is damaged or another one; nothing was stored")
        self.server.files["/rows.gz"] = self.packed
        self.fetch()
        self.assert_fetched()

    def test_too_large(self):
        most = len(self.content) + len(self.content) // 1000 + 65536
        self.server.files["/rows.gz"] = noise(most + 1)
        self.refused(f"{self.url()}: found a file of {most + 1} bytes; expected at most {most}", code=65)
        self.server.orders["/rows.gz"] = [{"length": False}]
        self.refused(f"{self.url()}: found more than {most} bytes; expected at most that", code=65)
        self.assertEqual(self.names(), [])

    def test_a_bomb(self):
        self.server.files["/rows.gz"] = gzip.compress(bytes(100 << 20), 9)
        self.refused(f"{self.url()}: found more than 200000 unpacked bytes; expected 200000", code=65)

    def test_an_empty_file(self):
        self.server.files["/rows.gz"] = b""
        self.refused(f"{self.url()}: found a gzip stream that is cut off (member 1, byte 0); expected a whole one", code=65)

    # ---- answers other than the file ----

    def test_the_next_address_is_asked(self):
        self.server.files["/b/rows.gz"] = self.packed
        self.assertEqual(self.fetch(self.server.url("/a"), self.server.url("/b")),
                         [f"perdure: {self.server.url('/a/rows.gz')}: found HTTP status 404; expected 200; asking the next address"])
        self.assert_fetched()

    def test_wrong_bytes_at_the_first_of_two_addresses(self):
        self.server.files["/a/rows.gz"], self.server.files["/b/rows.gz"] = gzip.compress(b"x" * 200000), self.packed
        self.assertRegex(self.fetch(self.server.url("/a"), self.server.url("/b"))[0],
                         "found SHA-256 [0-9a-f]{64} of its unpacked bytes; expected [0-9a-f]{64}; asking the next address")
        self.assert_fetched()

    def test_no_such_file(self):
        del self.server.files["/rows.gz"]
        self.assertEqual(self.refused(f"{self.url()}: found HTTP status 404; expected 200", code=66), [])
        self.assertEqual(len(self.server.asked), 1)

    def test_a_server_in_trouble_is_asked_again(self):
        self.server.orders["/rows.gz"] = [{"status": 503}, {}]
        self.assertEqual(self.fetch(), [f"perdure: {self.url()}: found HTTP status 503; expected 200; trying again"])
        self.assert_fetched()
        self.forget()
        self.server.orders["/rows.gz"] = [{"status": 403}]
        self.refused(f"{self.url()}: found HTTP status 403; expected 200")
        self.assertEqual(len(self.server.asked), 1)

    def redirect(self, *to):
        return [{"status": 302, "headers": {"Location": where}} for where in to]

    def test_a_redirect(self):
        self.server.orders["/rows.gz"] = self.redirect(self.server.url("/moved"))
        self.server.files["/moved"] = self.packed
        self.fetch()
        self.assert_fetched()

    def test_a_redirect_to_http(self):
        plain = self.server.url("/moved").replace("https", "http")
        self.server.orders["/rows.gz"] = self.redirect(plain)
        self.refused(f"{self.url()}: found a redirect to {plain}; expected https")
        self.assertEqual(len(self.server.asked), 1)

    def test_a_redirect_to_a_file(self):
        self.server.orders["/rows.gz"] = self.redirect("file:///etc/passwd")
        self.refused(f"{self.url()}: found a redirect to file:///etc/passwd; expected https")

    def test_a_circle_of_redirects(self):
        self.server.orders["/rows.gz"] = self.redirect(self.url())
        self.refused(f"{self.url()}: found more than 5 redirects; expected at most that")
        self.assertEqual(len(self.server.asked), 6)

    def test_a_server_that_stops_sending(self):
        self.server.orders["/rows.gz"] = [{"stall": 50000}, {}]
        self.set["patience"] = 2
        self.assertEqual(self.fetch(), [f"perdure: {self.url()}: found next to nothing coming for 2 s, after 50000 bytes; expected more; "
                                        "trying again"])
        self.assertEqual([asked[1] for asked in self.server.asked], [None, "bytes=50000-"])
        self.assert_fetched()

    def test_no_server(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"https://localhost:{free.getsockname()[1]}"
        said = self.fetch(address, code=74)
        self.assertRegex(said[-1], rf"^perdure: error: {address}/rows\.gz: found no connection \(.*\); expected one$")
        self.assertEqual(len(said), 3)  # it was tried three times

    def test_a_certificate_that_nobody_vouches_for(self):
        other, _ = certificate(self.folder.name, "other")
        self.set["authorities"] = other
        said = self.fetch(code=74)
        self.assertRegex(said[0], rf"^perdure: error: {self.url()}: found no proof of who answers \(.*\); expected a certificate that is trusted$")
        self.assertEqual(said[1], "hint: --cacert FILE names the certificates to trust")
        self.assertEqual(self.server.asked, [])

    def test_a_certificate_for_another_name(self):
        cert, key = certificate(self.folder.name, "other", "DNS:elsewhere.example")
        other = Server(cert, key)
        self.addCleanup(other.close)
        other.files.update(self.server.files)
        self.set["authorities"] = cert
        said = self.fetch(other.url(), code=74)
        self.assertRegex(said[0], r"rows\.gz: found no proof of who answers \(.*\); expected a certificate that is trusted$")
        self.assertEqual(other.asked, [])

    def test_a_file_of_certificates_that_is_not_there(self):
        self.set["authorities"] = self.path("none.pem")
        self.assertRegex(self.fetch(code=74)[0], r"found no proof of who answers \(.*\); expected a certificate that is trusted$")

    # ---- stopped, at once, twice ----

    def test_a_stop_keeps_the_part(self):
        self.server.orders["/rows.gz"] = [{"stall": 50000}]
        self.set["stop_after"] = "50000"
        self.refused(f"{self.url()}: stopped after 50000 bytes, which stay; the same command goes on", code=75)
        del self.set["stop_after"]
        self.server.orders.clear()
        self.server.asked.clear()
        self.fetch()
        self.assertEqual(self.server.asked, [("/rows.gz", "bytes=50000-", '"one"')])
        self.assert_fetched()

    def start_program(self, *more):
        return subprocess.Popen([PROGRAM, "data", "fetch", "mnist", "--root", self.path("root"), "--cacert", self.cert, *more],
                                env=self.environment(), stderr=subprocess.PIPE, text=True)

    def test_ctrl_c_of_the_program(self):
        url = self.server.url("/train-images-idx3-ubyte.gz")
        part = self.path("root", "mnist", "train-images-idx3-ubyte.gz.part")
        self.server.files["/train-images-idx3-ubyte.gz"] = self.packed
        self.server.orders["/train-images-idx3-ubyte.gz"] = [{"stall": 50000}]
        with self.start_program("--from", self.server.url()) as going:
            self.assertTrue(wait_for(lambda: os.path.exists(part) and os.path.getsize(part) == 50000))
            with self.start_program("--from", self.server.url()) as second:
                self.assertEqual(second.communicate(timeout=20)[1],
                                 f"perdure: error: {self.path('root', 'mnist')}: found another `perdure data fetch` at work here; expected none\n")
                self.assertEqual(second.returncode, 73)
            going.send_signal(signal.SIGINT)
            said = going.communicate(timeout=20)[1]
        self.assertEqual(going.returncode, 75, said)
        self.assertEqual(said, f"perdure: error: {url}: stopped after 50000 bytes, which stay; the same command goes on\n")
        self.assertEqual(os.path.getsize(part), 50000)

    def test_a_kill_keeps_the_part(self):
        part = self.path("root", "mnist", "train-images-idx3-ubyte.gz.part")
        self.server.files["/train-images-idx3-ubyte.gz"] = self.packed
        self.server.orders["/train-images-idx3-ubyte.gz"] = [{"stall": 50000}]
        with self.start_program("--from", self.server.url()) as going:
            self.assertTrue(wait_for(lambda: os.path.exists(part) and os.path.getsize(part) == 50000))
            going.kill()
            going.communicate()
        self.server.asked.clear()
        self.server.orders["/train-images-idx3-ubyte.gz"] = [{"stall": 50000}, {"status": 403}]
        with self.start_program("--from", self.server.url(), "--timeout", "1") as going:
            going.communicate(timeout=30)
        self.assertEqual(self.server.asked[0], ("/train-images-idx3-ubyte.gz", "bytes=50000-", '"one"'))


if __name__ == "__main__":
    unittest.main()
