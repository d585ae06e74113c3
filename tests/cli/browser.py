"""Chromium without a window, by its own protocol over a pipe: what a page looks like, and what it does, is asked of a real browser."""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome")


def program():
    return next((found for found in map(shutil.which, NAMES) if found), None)


def pipe():
    """Away from 3 and 4, which are to mean something in the browser."""
    low = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return high


class Browser:
    """with Browser() as b: b.open(path); b.value("document.title")"""

    def __enter__(self):
        self.home = tempfile.TemporaryDirectory(prefix="perdure-browser-")
        ours, theirs = pipe(), pipe()  # we write to ours, and read what they write to theirs
        self.to, self.back, self.rest, self.number, self.events = ours[1], theirs[0], b"", 0, []
        # The protocol's pipe is descriptors 3 and 4 of the browser.
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{ours[0]} 4>&{theirs[1]} {ours[0]}<&- {theirs[1]}>&-', program(), "--headless=new",
             "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
             f"--user-data-dir={self.home.name}/profile", "about:blank"],
            pass_fds=(ours[0], theirs[1]), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, HOME=self.home.name))
        os.close(ours[0])
        os.close(theirs[1])
        self.session = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        return self

    def __exit__(self, *unused):
        os.close(self.to)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.back)
        for _ in range(50):  # children of the browser may still be writing there
            try:
                self.home.cleanup()
                break
            except OSError:
                time.sleep(0.1)

    def message(self, seconds):
        while b"\0" not in self.rest:
            if not select.select([self.back], [], [], seconds)[0]:
                raise TimeoutError("the browser does not answer")
            more = os.read(self.back, 1 << 20)
            if not more:
                raise EOFError("the browser has ended")
            self.rest += more
        one, self.rest = self.rest.split(b"\0", 1)
        return json.loads(one)

    def ask(self, method, **parameters):
        self.number += 1
        question = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            question["sessionId"] = self.session
        os.write(self.to, json.dumps(question).encode() + b"\0")
        while True:
            answer = self.message(60)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        while not any(e.get("method") == method for e in self.events):
            self.events.append(self.message(60))

    # ---- what tests say ----

    def look(self, width, dark=False, script=True, media="screen"):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", media=media,
                 features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.ask("Emulation.setScriptExecutionDisabled", value=not script)

    def open(self, path):
        self.events.clear()
        self.ask("Page.navigate", url="file://" + os.path.abspath(path))
        self.wait_for("Page.loadEventFired")

    def value(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def requests(self):
        return [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]

    def complaints(self):
        """What the console would show in red."""
        found = [e["params"] for e in self.events if e.get("method") == "Runtime.exceptionThrown"]
        return found + [e["params"]["entry"] for e in self.events
                        if e.get("method") == "Log.entryAdded" and e["params"]["entry"]["level"] == "error"]

    def point_at(self, x, y):
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def shot(self, path):
        height = self.value("document.documentElement.scrollHeight")
        width = self.value("document.documentElement.clientWidth")
        picture = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                           clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})
        with open(path, "wb") as f:
            f.write(base64.b64decode(picture["data"]))

    def pdf(self):
        self.ask("Emulation.setEmulatedMedia", media="", features=[])
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True)["data"])
