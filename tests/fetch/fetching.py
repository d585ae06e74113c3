"""A set that the test makes up, the server that has it, and the probe that fetches it."""
import gzip
import hashlib
import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest

from server import Server, certificate

BUILD = os.environ["PERDURE_BUILD_DIR"]
PROBE = os.path.join(BUILD, "tests", "fetch_probe")
PROGRAM = os.path.join(BUILD, "bin", "perdure")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def noise(count, seed=1):
    return random.Random(seed).randbytes(count)


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.certificates = tempfile.TemporaryDirectory(prefix="perdure-cert-")
        cls.addClassCleanup(cls.certificates.cleanup)
        cls.cert, cls.key = certificate(cls.certificates.name)

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="perdure-fetch-")
        self.addCleanup(self.folder.cleanup)
        self.server = Server(self.cert, self.key)
        self.addCleanup(self.server.close)
        self.content = noise(200000)
        self.packed = gzip.compress(self.content, 1, mtime=0)
        self.set = {"name": "small", "authorities": self.cert,
                    "files": [{"name": "rows", "sha256": sha256(self.content), "size": len(self.content)}]}
        self.server.files["/rows.gz"] = self.packed

    def path(self, *parts):
        return os.path.join(self.folder.name, *parts)

    def read(self, *parts):
        with open(self.path(*parts), "rb") as f:
            return f.read()

    def environment(self):
        clean = {k: v for k, v in os.environ.items()
                 if k.lower() not in PROXIES and k not in ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "PERDURE_DATA")}
        clean["LC_ALL"] = "C"
        return clean

    def fetch(self, *addresses, code=0, probe=PROBE):
        with open(self.path("set.json"), "w", encoding="utf-8") as f:
            json.dump({"patience": 15, **self.set}, f)
        done = subprocess.run([probe, self.path("set.json"), self.path("root"), *(addresses or (self.server.url(),))],
                              env=self.environment(), capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return [line for line in done.stderr.splitlines() if not line.startswith("progress: ")]

    def names(self):
        folder = self.path("root", "small")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def forget(self):
        shutil.rmtree(self.path("root"), ignore_errors=True)
        self.server.asked.clear()
