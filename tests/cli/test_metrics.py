#!/usr/bin/env python3
"""Metrics of a run for Prometheus, by port and by textfile, judged by Prometheus's own promtool; and the dashboard of
examples/grafana beside them."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from program import SOURCE, Case

LONG = ["--set", "training.epochs=20000", "--set", "seeds=[0]", "--set", "methods=[{name: finetune}]"]
GRAFANA = os.path.join(SOURCE, "examples", "grafana")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return answer.read().decode()


def families(text):
    """Name -> type of every metric that the text says it has, samples or none."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))


def samples(text):
    """Sample with its labels, as written -> value."""
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*(?:\{.*\})?) (\S+)$", text, re.M)}


class Metrics(Case):
    def promtool(self, *command, given=None):
        if not shutil.which("promtool"):
            if os.environ.get("PERDURE_CI") == "1":
                self.fail("found no promtool; expected it (Debian: prometheus)")
            self.skipTest("found no promtool (Debian: prometheus)")
        done = subprocess.run(["promtool", *command], input=given, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), f"{done.stdout}{done.stderr}\n{given}")

    def no_microhttpd(self, words):
        if "without libmicrohttpd" in words or "libmicrohttpd.so" in words:
            if os.environ.get("PERDURE_CI") == "1":
                self.fail(f"expected libmicrohttpd: {words}")
            self.skipTest("found no libmicrohttpd (Debian: libmicrohttpd-dev)")

    def textfile(self):
        self.run_program("run", "clouds.yaml", "--set", "output.metrics_port=m/clouds.prom", "--jobs", "2")
        with open(self.path("m/clouds.prom"), encoding="utf-8") as f:
            return f.read()

    # ---- textfile ----

    def test_textfile_says_how_it_ended(self):
        os.mkdir(self.path("m"))
        text = self.textfile()
        self.assertEqual(os.listdir(self.path("m")), ["clouds.prom"])
        found = samples(text)
        self.assertEqual(found['perdure_cells{state="finished"}'], 4)
        self.assertEqual(found['perdure_cells{state="running"}'], 0)
        steps = 0
        for method in ("finetune", "joint"):
            for seed in (0, 1):
                result = self.read_json(f"runs/clouds/cells/{method}/seed-{seed}/result.json")
                cell = f'{{method="{method}",seed="{seed}"}}'
                steps += result["steps"]
                self.assertEqual(found["perdure_cell_step" + cell], result["steps"])
                self.assertEqual(found["perdure_average_accuracy" + cell], result["metrics"]["acc.macro"])
                for j, share in enumerate(result["matrix"][-1]):
                    self.assertEqual(found[f'perdure_task_accuracy{{method="{method}",seed="{seed}",task="{j + 1}"}}'], share)
        self.assertEqual(found["perdure_steps_total"], steps)
        self.promtool("check", "metrics", given=text)

    def test_a_folder_that_is_not_there(self):
        done = self.run_program("run", "clouds.yaml", "--set", "output.metrics_port=m/clouds.prom", code=73)
        self.assertRegex(done.stderr, r"output\.metrics_port: m/clouds\.prom\S*: cannot be created: No such file")
        self.assertFalse(os.path.exists(self.path("runs")))

    # ---- port ----

    def started(self, port, *more):
        """A run that has answered once, and the answer."""
        run = self.start("run", "clouds.yaml", *LONG, "--set", f"output.metrics_port={port}", *more)
        self.addCleanup(lambda: (run.kill(), run.communicate()))
        end = time.monotonic() + 60
        while time.monotonic() < end and run.poll() is None:
            try:
                text = scrape(port)
                if 'perdure_loss{method="finetune",seed="0"}' in text:
                    return run, text
            except urllib.error.URLError:
                pass
            time.sleep(0.05)
        said = run.communicate()[1]
        self.no_microhttpd(said)
        self.fail(said)
        return None

    def test_port_answers_while_it_runs(self):
        port = free_port()
        run, text = self.started(port)
        found = samples(text)
        cell = '{method="finetune",seed="0"}'
        self.assertEqual(found['perdure_cells{state="running"}'], 1)
        self.assertGreater(found["perdure_cell_steps" + cell], 10000)
        self.assertGreater(found["perdure_steps_per_second" + cell], 0)
        self.assertGreater(found["perdure_cell_peak_memory_bytes" + cell], 1 << 20)
        time.sleep(1.5)
        self.assertGreater(samples(scrape(port))["perdure_cell_step" + cell], found["perdure_cell_step" + cell])
        self.promtool("check", "metrics", given=text)
        run.send_signal(signal.SIGTERM)
        said = run.communicate(timeout=60)[1]
        self.assertEqual(run.returncode, 75, said)
        self.assertIn(f"perdure: metrics: http://127.0.0.1:{port}/metrics\n", said)
        with self.assertRaises(urllib.error.URLError):
            scrape(port)

    def test_a_server_that_is_killed_costs_no_cell(self):
        run, _ = self.started(free_port())
        with open(f"/proc/{run.pid}/task/{run.pid}/children", encoding="ascii") as f:
            server = min(int(word) for word in f.read().split())  # begun before any cell
        os.kill(server, signal.SIGKILL)
        time.sleep(2.5)
        run.send_signal(signal.SIGTERM)
        said = run.communicate(timeout=60)[1]
        self.assertEqual(run.returncode, 75, said)
        self.assertEqual(said.count("perdure: warning: the process that answers /metrics has ended; the run goes on without it\n"),
                         1, said)

    def test_a_coordinator_that_is_killed_leaves_no_server(self):
        port = free_port()
        run, _ = self.started(port)
        run.kill()
        run.communicate()
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    s.bind(("127.0.0.1", port))
                    return
                except OSError:
                    time.sleep(0.05)
        self.fail("the port is still taken")

    def test_a_port_that_is_taken_ends_it_before_anything_is_trained(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            port = s.getsockname()[1]
            done = self.run_program("run", "clouds.yaml", "--set", f"output.metrics_port={port}", code=73)
        self.assertEqual(done.stderr, f"perdure: error: --set output.metrics_port: found no way to listen on port {port} of "
                                      "127.0.0.1; expected a free port: Address already in use\n")
        self.assertFalse(os.path.exists(self.path("runs")))

    def test_without_the_library_a_port_is_refused_and_a_textfile_is_not(self):
        os.mkdir(self.path("lib"))
        self.write("lib/libmicrohttpd.so.12", "no library")  # found before the one that there is
        for command in ("check", "run"):
            done = self.run_program(command, "clouds.yaml", "--set", "output.metrics_port=9464", code=69,
                                    LD_LIBRARY_PATH=self.path("lib"))
            self.assertRegex(done.stderr, r"error: --set output\.metrics_port: found (no libmicrohttpd|a build without libmicrohttpd)")
            self.assertRegex(done.stderr, r"hint: install libmicrohttpd(12|-dev)\b.*output\.metrics_port: run\.prom")
            self.assertFalse(os.path.exists(self.path("runs")))
        self.run_program("run", "clouds.yaml", "--set", "output.metrics_port=clouds.prom", LD_LIBRARY_PATH=self.path("lib"))
        self.assertTrue(os.path.exists(self.path("clouds.prom")))

    # ---- the dashboard ----

    def test_the_dashboard_asks_for_what_there_is(self):
        os.mkdir(self.path("m"))
        there = families(self.textfile())
        with open(os.path.join(GRAFANA, "perdure.json"), encoding="utf-8") as f:
            dashboard = json.load(f)
        queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        asked = {name for query in queries for name in re.findall(r"\bperdure_\w+", query)}
        variables = [v["query"]["query"] for v in dashboard["templating"]["list"] if v["type"] == "query"]
        self.assertEqual({re.match(r"label_values\((\w+), (method|seed)\)$", v)[1] for v in variables}, {"perdure_cell_step"})
        self.assertGreaterEqual(len(queries), 14)
        self.assertEqual(asked - set(there), set())
        self.assertEqual(set(there) - asked, set(), "the dashboard shows every metric")
        with open(os.path.join(GRAFANA, "README.md"), encoding="utf-8") as f:
            rows = [line.split("|")[1] for line in f if line.startswith("| `")]
        self.assertEqual({name for row in rows for name in re.findall(r"`(\w+)`", row)}, set(there))
        self.judge_queries(queries)

    def judge_queries(self, queries):
        """promtool checks queries as rules."""
        rules = {"groups": [{"name": "perdure", "rules": [
            {"record": f"dashboard:query:{i}", "expr": query.replace("$__rate_interval", "1m")}
            for i, query in enumerate(queries)]}]}
        self.write("rules.yml", json.dumps(rules))  # JSON is YAML
        self.promtool("check", "rules", self.path("rules.yml"))
        self.promtool("check", "config", "--syntax-only", os.path.join(GRAFANA, "prometheus.yml"))


if __name__ == "__main__":
    unittest.main()
