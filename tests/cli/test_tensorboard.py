#!/usr/bin/env python3
"""Event files as TensorBoard itself reads them: every tag, every point of log.jsonl, pictures, the HParams page and the layout; after a
kill -9 as without one; on a disk that is full."""
import glob
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import time
import unittest

from program import BUILD, PROGRAM, Case

try:
    import numpy
    from tensorboard.backend.event_processing import data_provider, event_accumulator, plugin_event_accumulator, plugin_event_multiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.custom_scalar import layout_pb2
    from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups
    from tensorboard.util import tensor_util
except ImportError as missing:
    print(f"skipped: found no Python module {missing.name}; expected tensorboard (scripts/ci-python.txt)")
    sys.exit(1 if os.environ.get("PERDURE_CI") == "1" else 77)

CELL = "runs/clouds/cells/finetune/seed-0"
LONG = ["--set", "training.epochs=40", "--set", "seeds=[0]", "--set", "output.checkpoint={every: {batches: 100}, keep: 3}"]
METRICS = ["acc.macro", "acc.pooled", "aia.icarl", "bwt.gem", "fwt.gem", "forgetting.chaudhry", "forgetting.first_last", "a.diaz"]


class Tensorboard(Case):
    def events(self, folder=CELL):
        """The one event file of a cell, as TensorBoard reads it, with nothing left out."""
        self.assertEqual(len(glob.glob(self.path(folder, "*tfevents*"))), 1, os.listdir(self.path(folder)))
        everything = event_accumulator.STORE_EVERYTHING_SIZE_GUIDANCE
        return event_accumulator.EventAccumulator(self.path(folder), size_guidance=everything).Reload()

    def log(self, folder=CELL):
        with open(self.path(folder, "log.jsonl"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def points(self, read, tag):
        return [(e.step, float(tensor_util.make_ndarray(e.tensor_proto))) for e in read.Tensors(tag)]

    def same_as_log(self, read, folder=CELL):
        """Every point of log.jsonl, in its order, as a 32-bit float; and no tag else but those that are said here."""
        logged = {}
        for p in self.log(folder):
            value = float(p["not_finite"]) if p["value"] is None else p["value"]
            logged.setdefault(p["name"], []).append((p["step"], float(numpy.float32(value))))
        tags = set(read.Tags()["tensors"])
        for name, expected in logged.items():
            self.assertEqual(self.points(read, name), expected, name)
        others = {t for t in tags - set(logged) if not t.startswith("samples/")}
        self.assertLessEqual(others, {"matrix", "steps_per_second", "custom_scalars__config__", "_hparams_/experiment",
                                      "_hparams_/session_start_info", "_hparams_/session_end_info"})
        return logged

    # ---- what is there ----

    def test_every_point_and_no_other(self):
        self.run_program("run", "clouds.yaml", "--set", "optimizer.schedule=cosine")
        read = self.events()
        logged = self.same_as_log(read)
        self.assertLessEqual({"loss", "learning_rate", "accuracy/task-1", "accuracy/task-2", "metrics/acc.macro"}, set(logged))
        result = self.read_json(CELL, "result.json")
        last = {name: [p["value"] for p in self.log() if p["name"] == f"metrics/{name}"][-1] for name in METRICS}
        self.assertEqual(last, {name: result["metrics"][name] for name in METRICS})
        first = next(p for p in self.log() if p["name"] == "metrics/acc.macro")
        self.assertEqual((first["task"], first["value"]), (1, result["matrix"][1][0]))  # of the one task so far
        rates = [value for _, value in self.points(read, "learning_rate")]
        self.assertTrue(all(0 < rate < 0.1 for rate in rates) and rates[0] > rates[1])

    def test_the_matrix_and_samples_are_pictures(self):
        self.write("digits.yaml", "perdure: 1\nname: clouds\ndata: {set: digits, normalize: unit}\n"
                   "stream: {split: {by: class, tasks: 2}, scenario: class-il}\nnetwork: {hidden: [20]}\n"
                   "training: {batch: 64, iterations: 20}\ndevice: {type: cpu}\nmethods:\n"
                   "  - {name: finetune, strategies: [{genreplay: {z: 4, encoder: {type: mlp, hidden: [20]}, "
                   "decoder: {type: mlp, hidden: [20]}}}]}\n")
        self.run_program("run", "digits.yaml")
        read = self.events()
        pictures = {tag for tag in read.Tags()["tensors"] if read.SummaryMetadata(tag).plugin_data.plugin_name == "images"}
        self.assertEqual(pictures, {"matrix", "samples/genreplay.after-task-1", "samples/genreplay.after-task-2"})
        self.assertEqual([e.step for e in read.Tensors("matrix")], [0, 20, 40])
        for e in read.Tensors("matrix"):
            width, height, png = tensor_util.make_ndarray(e.tensor_proto)
            self.assertEqual((width, height), (b"111", b"148"))  # 3 x 4 boxes of 37
            self.assertEqual(struct.unpack(">II", png[16:24]), (111, 148))
        self.assertEqual([e.step for e in read.Tensors("samples/genreplay.after-task-2")], [40])
        with open(self.path(CELL, "samples/genreplay.after-task-2.png"), "rb") as f:
            shown = tensor_util.make_ndarray(read.Tensors("samples/genreplay.after-task-2")[0].tensor_proto)[2]
            self.assertEqual(f.read(), shown)

    def test_the_layout_shows_all_tasks_at_once(self):
        self.run_program("run", "clouds.yaml")
        read = self.events()
        layout = layout_pb2.Layout()
        layout.ParseFromString(tensor_util.make_ndarray(read.Tensors("custom_scalars__config__")[0].tensor_proto).item())
        charts = {chart.title: list(chart.multiline.tag) for category in layout.category for chart in category.chart}
        self.assertEqual(charts["accuracy by task"], [r"^accuracy/task-\d+$"])
        self.assertEqual([c.title for c in layout.category], ["continual learning", "training"])
        import re  # pylint: disable=import-outside-toplevel
        for title, patterns in charts.items():
            found = [t for t in read.Tags()["tensors"] if re.match(patterns[0], t)]
            if title != "steps per second":  # of a cell that takes longer
                self.assertTrue(found, title)

    def hparams(self, folder):
        """What the page of the plugin HParams is told of a folder."""
        runs = plugin_event_multiplexer.EventMultiplexer()
        runs.AddRunsFromDirectory(self.path(folder))
        runs.Reload()
        provider = data_provider.MultiplexerDataProvider(runs, self.path(folder))
        backend = backend_context.Context(base_plugin.TBContext(data_provider=provider, multiplexer=runs))
        context = RequestContext()
        experiment = get_experiment.Handler(context, backend, "", api_pb2.GetExperimentRequest(include_metrics=True)).run()
        request = api_pb2.ListSessionGroupsRequest(
            start_index=0, slice_size=100, aggregation_type=api_pb2.AGGREGATION_AVG, include_metrics=True,
            allowed_statuses=[api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE, api_pb2.STATUS_RUNNING, api_pb2.STATUS_UNKNOWN])
        return experiment, list_session_groups.Handler(context, backend, "", request).run()

    def test_hparams_group_the_seeds_of_a_method(self):
        methods = "methods=[{name: finetune}, {name: ewc, strategies: [{ewc: {lambda: 7}}], set: {optimizer.lr: 0.05}}]"
        self.run_program("run", "clouds.yaml", "--set", methods)
        experiment, said = self.hparams("runs/clouds")
        infos = {info.name: info.type for info in experiment.hparam_infos}
        self.assertEqual((infos["method"], infos["optimizer.lr"], infos["ewc.lambda"]),
                         (api_pb2.DATA_TYPE_STRING, api_pb2.DATA_TYPE_FLOAT64, api_pb2.DATA_TYPE_FLOAT64))
        self.assertNotIn("seed", infos)
        self.assertEqual([info.name.tag for info in experiment.metric_infos], [f"metrics/{name}" for name in METRICS])
        groups = {group.hparams["method"].string_value: group for group in said.session_groups}
        self.assertEqual(set(groups), {"finetune", "ewc"})
        ewc = groups["ewc"]
        self.assertEqual((ewc.hparams["ewc.lambda"].number_value, ewc.hparams["optimizer.lr"].number_value), (7, 0.05))
        self.assertEqual(sorted(s.name for s in ewc.sessions), ["cells/ewc/seed-0", "cells/ewc/seed-1"])
        self.assertEqual({s.status for s in ewc.sessions}, {api_pb2.STATUS_SUCCESS})
        of_seeds = [self.read_json(f"runs/clouds/cells/ewc/seed-{seed}/result.json")["metrics"]["acc.macro"] for seed in (0, 1)]
        shown = next(v.value for v in ewc.metric_values if v.name.tag == "metrics/acc.macro")
        self.assertAlmostEqual(shown, sum(of_seeds) / 2, places=6)

    def test_a_cell_that_fails_says_so(self):
        nan = os.path.join(BUILD, "tests", "plugins", "nan_loss.so")
        self.run_program("run", "clouds.yaml", "--set", "seeds=[0]", "--set",
                         f"methods=[{{name: finetune, strategies: [{{plugin: {nan}}}]}}]", code=1)
        _, said = self.hparams("runs/clouds")
        self.assertEqual({s.status for g in said.session_groups for s in g.sessions}, {api_pb2.STATUS_FAILURE})

    def test_false_writes_none_and_changes_no_number(self):
        self.run_program("run", "clouds.yaml", "--set", "seeds=[0]")
        self.run_program("run", "clouds.yaml", "--set", "seeds=[0]", "--set", "output.tensorboard=false", "--out", "runs/without")
        self.assertEqual(glob.glob(self.path("runs/without/cells/*/*/*tfevents*")), [])
        self.assertEqual(self.log(), self.log("runs/without/cells/finetune/seed-0"))
        same = self.run_program("run", "clouds.yaml", "--set", "seeds=[0]", "--set", "output.tensorboard=false")
        self.assertIn("2 of 2 cells are finished already", same.stderr)

    # ---- what happens to it ----

    def kill(self):
        """Starts a run and kills it, coordinator and cell, once it is well behind its third checkpoint."""
        run = self.start("run", "clouds.yaml", *LONG, start_new_session=True)
        end = time.monotonic() + 60
        while time.monotonic() < end and run.poll() is None:
            if len(glob.glob(self.path(CELL, "checkpoints/step-*"))) >= 3:
                break
            time.sleep(0.002)
        os.killpg(run.pid, signal.SIGKILL)
        said = run.communicate()[1]
        self.assertEqual(run.returncode, -signal.SIGKILL, said)

    def test_after_kill_9_no_point_is_lost_and_none_is_there_twice(self):
        self.run_program("run", "clouds.yaml", *LONG, "--out", "runs/whole")
        self.kill()
        again = self.run_program("run", "clouds.yaml", *LONG)
        self.assertIn("goes on from", again.stderr)
        self.assertNotIn("found no event file", again.stderr)
        self.same_as_whole(self.events())

    def same_as_whole(self, read):
        whole = self.events("runs/whole/cells/finetune/seed-0")
        for tag in self.same_as_log(read):
            self.assertEqual(self.points(read, tag), self.points(whole, tag), tag)
        self.assertEqual([e.step for e in read.Tensors("matrix")], [e.step for e in whole.Tensors("matrix")])
        for one, other in zip(read.Tensors("matrix"), whole.Tensors("matrix")):
            self.assertEqual(one.tensor_proto, other.tensor_proto)

    def test_gone_back_to_an_older_checkpoint_what_came_later_is_cut(self):
        self.run_program("run", "clouds.yaml", *LONG, "--out", "runs/whole")
        self.kill()
        names = sorted(os.path.basename(n) for n in glob.glob(self.path(CELL, "checkpoints/step-*")))
        os.unlink(self.path(CELL, "checkpoints/latest"))
        os.symlink(names[0], self.path(CELL, "checkpoints/latest"))
        before = glob.glob(self.path(CELL, "*tfevents*"))
        everything = {plugin_event_accumulator.TENSORS: 0}  # TensorBoard's own reader, there all the time
        live = plugin_event_accumulator.EventAccumulator(self.path(CELL), size_guidance=everything).Reload()
        again = self.start("run", "clouds.yaml", *LONG)
        while again.poll() is None:
            live.Reload()
            time.sleep(0.02)
        self.assertIn(f"goes on from {names[0]}", again.communicate()[1])
        after = glob.glob(self.path(CELL, "*tfevents*"))
        self.assertGreater(after[0], before[0])
        self.same_as_whole(self.events())
        self.same_as_whole(live.Reload())

    def test_switched_on_on_the_way(self):
        off = ["--set", "output.tensorboard=false"]
        run = self.start("run", "clouds.yaml", *LONG, *off, start_new_session=True)
        while run.poll() is None and len(glob.glob(self.path(CELL, "checkpoints/step-*"))) < 2:
            time.sleep(0.002)
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        again = self.run_program("run", "clouds.yaml", *LONG)
        self.assertIn("finetune/seed-0: info: found no event file up to this checkpoint: TensorBoard's begins here", again.stderr)
        self.assertEqual(self.points(self.events(), "loss"),
                         [(p["step"], float(numpy.float32(p["value"]))) for p in self.log() if p["name"] == "loss"][-len(
                             self.points(self.events(), "loss")):])

    def test_fresh_begins_a_new_one(self):
        self.run_program("run", "clouds.yaml", "--set", "seeds=[0]")
        before = glob.glob(self.path(CELL, "*tfevents*"))
        self.run_program("run", "clouds.yaml", "--set", "seeds=[0]", "--fresh")
        self.assertNotEqual(glob.glob(self.path(CELL, "*tfevents*")), before)
        self.same_as_log(self.events())

    def test_a_file_that_may_not_grow_costs_no_result(self):
        limit = 30 << 10  # between what log.jsonl and what the event file takes of 400 points
        done = subprocess.run([PROGRAM, "run", "clouds.yaml", "--set", "seeds=[0]", "--set", "training.epochs=100",
                               "--set", "methods=[{name: finetune}]"],
                              cwd=self.folder.name, env=self.environment(), capture_output=True, text=True, check=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"finetune/seed-0: warning: runs/clouds/cells/finetune/seed-0/events\.out\.tfevents\.\S+: "
                                      r"cannot be written: File too large: TensorBoard's events end here; log\.jsonl has every point")
        self.assertEqual(done.stderr.count("cannot be written"), 1)  # said once
        read = self.events()
        self.assertIn("_hparams_/session_start_info", read.Tags()["tensors"])
        self.assertEqual(self.read_json(CELL, "result.json")["status"], "done")


if __name__ == "__main__":
    unittest.main()
