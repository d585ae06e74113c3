"""Every rule of composition of <perdure/plugin.h> that this build can show, by running strategies that write down what
they see. A test names the rule's number."""
import itertools
import unittest

from harness import Case, of, plugin

STEP = ["before_batch", "before_forward", "after_forward", "before_loss", "after_loss", "after_backward", "before_update",
        "after_update", "after_batch"]


class Order(Case):
    def test_8_hooks_go_in_scenario_order(self):
        lines, _ = self.run_well([self.recorder("a"), self.recorder("b")])
        hooks = [(l["tag"], l["hook"]) for l in lines]
        step = [(tag, hook) for hook in STEP for tag in "ab"]
        begin = hooks.index(("a", "before_batch"))
        self.assertEqual(hooks[begin:begin + len(step)], step)
        self.assertEqual(hooks[:4], [("a", "create"), ("b", "create"), ("a", "before_run"), ("b", "before_run")])

    def test_4_instances_are_destroyed_in_reverse_order(self):
        lines, _ = self.run_well([self.recorder("a"), self.recorder("b")])
        self.assertEqual([l["tag"] for l in of(lines, "destroy")], ["b", "a"])

    def test_the_course_of_a_run(self):
        lines, _ = self.run_well([self.recorder("a")])
        hooks = [l["hook"] for l in lines if l["hook"] not in STEP]
        task = ["before_task", "before_epoch", "after_epoch", "before_epoch", "after_epoch", "after_task"]
        row = ["before_eval", "after_eval"] * 2
        course = row + task + row + ["save"] + task + row + ["save"]  # a checkpoint behind each task
        self.assertEqual(hooks, ["create", "before_run"] + course + ["after_run", "destroy"])

    def test_tasks_say_what_they_are(self):
        lines, _ = self.run_well([self.recorder("a")])
        first, second = of(lines, "before_task")
        self.assertEqual((first["rows"], first["classes"], first["seen_before"], first["seen"], first["columns"],
                          first["previous"], first["boundary"], first["task_id"]), (12, "0,1", 0, 2, 4, 0, 1, 0))
        self.assertEqual((second["classes"], second["seen_before"], second["seen"], second["previous"]), ("2,3", 2, 4, 1))

    def test_an_idle_strategy_changes_nothing(self):
        _, alone = self.run_well([])
        _, watched = self.run_well([self.recorder("a"), self.recorder("b")])
        self.assertEqual(alone["weights_sha256"], watched["weights_sha256"])
        self.assertEqual(alone["matrix"], watched["matrix"])


class Rows(Case):
    def test_11_none_sees_anothers_rows_in_the_same_moment(self):
        lines, _ = self.run_well([self.recorder("a", rehearse=2, value=7), self.recorder("b", rehearse=1, value=9)])
        for l in of(lines, "before_batch"):
            self.assertEqual((l["B"], l["fresh"]), (6, 6))

    def test_12_fresh_then_rehearsed_in_scenario_order(self):
        lines, _ = self.run_well([self.recorder("a", rehearse=2, value=7), self.recorder("b", rehearse=1, value=9)])
        for l in of(lines, "before_forward"):
            self.assertEqual((l["B"], l["fresh"], l["x"][6:]), (9, 6, [7, 7, 9]))
            self.assertEqual(len(l["row"]), 6)
        self.assertEqual({l["first"] for l in of(lines, "rehearsed", "a")}, {6})
        self.assertEqual({l["first"] for l in of(lines, "rehearsed", "b")}, {8})

    def test_12_mingled_rows_stand_between(self):
        lines, _ = self.run_well([self.recorder("a", mingle="true", rehearse=1, value=7)])
        second = of(lines, "before_forward", task=1, epoch=0)
        self.assertEqual(sum(l["B"] - 1 for l in second), 12 + 12)  # the task's rows and the memory's, each once
        self.assertEqual(sum(l["fresh"] for l in second), 12)
        for l in second:
            self.assertLessEqual(l["B"] - 1, 6)
            self.assertTrue(all(y >= 2 for y in l["y"][:l["fresh"]]))
            self.assertTrue(all(0 <= y < 2 for y in l["y"][l["fresh"]:-1]))
            self.assertEqual(l["x"][-1], 7)
        for put, l in zip(of(lines, "rehearsed"), of(lines, "before_forward")):
            self.assertEqual(put["first"], l["B"] - 1)  # behind fresh and mingled rows

    def test_each_epoch_shows_every_row_once(self):
        lines, _ = self.run_well([self.recorder("a")])
        for task in (0, 1):
            for epoch in (0, 1):
                rows = sum([l["row"] for l in of(lines, "before_batch", task=task, epoch=epoch)], [])
                self.assertEqual(sorted(rows), list(range(12)))

    def test_13_unlabelled_rows_have_minus_one_and_no_loss(self):
        lines, _ = self.run_well([self.recorder("a", rehearse=2, label=-1)])
        for l in of(lines, "after_loss"):
            self.assertEqual(l["y"][6:], [-1, -1])
            self.assertEqual(l["row_loss"][6:], [0, 0])
            self.assertClose(l["loss"][0], sum(l["row_loss"][:6]) / 6)

    def test_13_logits_have_all_columns(self):
        lines, _ = self.run_well([self.recorder("a")], extra=", active: task")
        self.assertTrue(all(l["logits"] == "[6,4]" for l in of(lines, "after_forward")))


class Loss(Case):
    def base(self, l, first=6):
        return sum(l["row_loss"][:first]) / first

    def test_14_joined_rows_are_in_the_mean(self):
        lines, _ = self.run_well([self.recorder("a", rehearse=3, label=1)])
        for l in of(lines, "after_loss"):
            self.assertClose(l["loss"][0], sum(l["row_loss"]) / 9)

    def test_14_shares_and_additions(self):
        lines, _ = self.run_well([self.recorder("a", rehearse=2, blend="share", weight=3),
                                  self.recorder("b", rehearse=4, blend="add", weight=0.5, label=2),
                                  self.recorder("c", rehearse=3, blend="share", weight=2, label=3)])
        for l in of(lines, "after_loss"):
            r = l["row_loss"]
            shares = [sum(r[6:8]) / 2, sum(r[12:15]) / 3]
            expected = (sum(r[:6]) / 6 + 3 * shares[0] + 2 * shares[1]) / (1 + 3 + 2) + 0.5 * sum(r[8:12]) / 4
            self.assertClose(l["loss"][0], expected)

    def test_14_a_part_without_labels_has_no_share(self):
        lines, _ = self.run_well([self.recorder("a", rehearse=2, blend="share", weight=3, label=-1)])
        for l in of(lines, "after_loss"):
            self.assertClose(l["loss"][0], self.base(l))

    def test_14_the_loss_shown_is_that_before_any_term(self):
        lines, _ = self.run_well([self.recorder("a", term=5, blend="add", weight=2), self.recorder("b")])
        for l in of(lines, "after_loss"):
            self.assertClose(l["loss"][0], self.base(l))

    def test_14_a_constant_share_thins_the_gradient(self):
        plain, _ = self.run_well([self.recorder("a")])
        shared, _ = self.run_well([self.recorder("a", term=5, blend="share", weight=3)])
        added, _ = self.run_well([self.recorder("a", term=5, blend="add", weight=3)])
        g = [of(lines, "after_backward")[0]["g"][0] for lines in (plain, shared, added)]
        self.assertClose(g[1], g[0] / 4)
        self.assertClose(g[2], g[0])

    def test_masks_follow_the_scenario(self):
        for kind, extra in (("class-il", ", active: all"), ("class-il", ", active: seen"), ("class-il", ", active: task"),
                            ("task-il", ""), ("task-il", ", head: single"), ("domain-il", "")):
            with self.subTest(kind=kind, extra=extra):
                active = extra.split("active: ")[1] if "active" in extra else "all" if kind == "domain-il" else "task"
                shared = "true" if "single" in extra or kind == "domain-il" else "false"
                self.run_well([f"{{plugin: {plugin('masks')}, with: {{active: {active}, shared: {shared}}}}}",
                               self.recorder("a", rehearse=2, label=0)], kind=kind, extra=extra)


class Gradient(Case):
    def test_11_edits_act_at_once_in_scenario_order(self):
        lines, _ = self.run_well([self.recorder("a", edit_grad=2), self.recorder("b", edit_grad=3), self.recorder("c")])
        for a, b, c in zip(*(of(lines, "after_backward", tag) for tag in "abc")):
            self.assertClose(b["g"][0], 2 * a["g"][0])
            self.assertClose(c["g"][0], 6 * a["g"][0])

    def test_15_penalties_come_between_edit_and_update(self):
        lines, _ = self.run_well([self.recorder("a", penalty=0.25)])
        for before, after in zip(of(lines, "after_backward"), of(lines, "before_update")):
            self.assertClose(after["g"][0], before["g"][0] + 0.25 * before["w"][0])

    def test_15_the_update_takes_the_final_gradient(self):
        lines, _ = self.run_well([self.recorder("a", penalty=0.25, edit_grad=0.5)])
        for before, after in zip(of(lines, "before_update"), of(lines, "after_update")):
            self.assertClose(after["w"][0], before["w"][0] - 0.1 * before["g"][0])
            self.assertClose(after["g"][0], before["g"][0])

    def test_penalties_in_the_update_are_those_in_the_gradient(self):
        """The fused pass of a method that reads no gradient gives the parameters of one that does."""
        fused = f"{{plugin: {plugin('pull')}, with: {{weight: 0.25}}}}"
        for optimizer in ("{type: sgd, lr: 0.1, momentum: 0.9, weight_decay: 0.01}", "{type: adam, lr: 0.01}"):
            lines, _ = self.run_well([fused, self.recorder("a")], optimizer=optimizer)
            _, read = self.run_well([fused, self.recorder("a")], optimizer=optimizer)
            _, alone = self.run_well([fused], optimizer=optimizer)
            self.assertEqual(read["matrix"], alone["matrix"])
            self.assertTrue(lines)


class Together(Case):
    """Shipped strategies in one method: the loss is rule 14's, from gradients that each of them has alone."""
    REPLAY, EWC, LWF = "{replay: {capacity: 6, fill: task, %s}}", "{ewc: {lambda: 50}}", "{lwf: {%s}}"

    def slope(self, strategies, **keys):
        """The sum of the gradient in the second task's first step, where all methods have the same weights and rows."""
        lines, _ = self.run_well(strategies + [self.recorder("z")], **keys)
        first = of(lines, "after_backward", "z", task=1)[0]
        return first["g"][0], first["w"][0]

    def parts(self, kind, **keys):
        """The gradients of M, of the rehearsed rows S and of the distillation D: by weights of 1 each against M."""
        m, w = self.slope([], kind=kind, **keys)
        s, at_s = self.slope([self.REPLAY % "blend: share"], kind=kind, **keys)
        d, at_d = self.slope([self.LWF % "blend: share"], kind=kind, **keys)
        self.assertEqual([w, w], [at_s, at_d])
        return m, 2 * s - m, 2 * d - m

    def pulls(self, strategies):
        """What the penalties add to the gradient in each step of the second task: nothing before the weights moved."""
        lines, _ = self.run_well(strategies + [self.recorder("z")])
        pairs = zip(of(lines, "after_backward", "z", task=1), of(lines, "before_update", "z", task=1))
        return [after["g"][0] - before["g"][0] for before, after in pairs]

    def test_14_shares_of_several_strategies(self):
        for kind, extra in (("class-il", ", active: seen"), ("task-il", ""), ("domain-il", "")):
            with self.subTest(kind=kind, extra=extra):
                m, s, d = self.parts(kind, extra=extra)
                self.assertGreater(min(abs(s - m), abs(d - m), abs(s - d)), 1e-3)
                both, _ = self.slope([self.REPLAY % "blend: share, weight: 3", self.LWF % "blend: share, alpha: 2"],
                                     kind=kind, extra=extra)
                self.assertClose(both, (m + 3 * s + 2 * d) / 6, 1e-4)
                both, _ = self.slope([self.REPLAY % "blend: share, weight: 3", self.LWF % "blend: add, alpha: 2"],
                                     kind=kind, extra=extra)
                self.assertClose(both, (m + 3 * s) / 4 + 2 * d, 1e-4)
                both, _ = self.slope([self.REPLAY % "blend: add, weight: 3", self.LWF % "blend: share, alpha: 2", self.EWC],
                                     kind=kind, extra=extra)  # the penalty is 0 here: the weights are where they were
                self.assertClose(both, (m + 2 * d) / 3 + 3 * s, 1e-4)
                joined, _ = self.slope([self.REPLAY % "batch: 6"], kind=kind, extra=extra)
                self.assertClose(joined, (m + s) / 2, 1e-4)
                both, _ = self.slope([self.REPLAY % "batch: 6", self.LWF % ""], kind=kind, extra=extra)
                self.assertClose(both, (joined + d) / 2, 1e-4)

    def test_15_the_penalty_is_added_to_what_the_others_came_to(self):
        pulls = self.pulls([self.REPLAY % "", self.LWF % "", self.EWC])
        self.assertEqual(pulls[0], 0)
        self.assertTrue(all(abs(pull) > 1e-6 for pull in pulls[1:]), pulls)

    def test_the_order_of_strategies_does_not_matter(self):
        three = [self.REPLAY % "", self.EWC, self.LWF % ""]
        results = [self.run_well(list(order))[1] for order in itertools.permutations(three)]
        self.assertEqual(len({r["weights_sha256"] for r in results}), 1)
        self.assertEqual([r["status"] for r in results], ["done"] * 6)
        self.assertEqual([r["warnings"]["count"] for r in results], [0] * 6)

    def test_each_of_three_counts(self):
        three = [self.REPLAY % "", self.EWC, self.LWF % ""]
        weights = {self.run_well(list(some))[1]["weights_sha256"]
                   for n in range(4) for some in itertools.combinations(three, n)}
        self.assertEqual(len(weights), 8)


class Dreaming(Together):
    """The same with rows that a generator makes, which must lie in 0..1 as the data does."""
    DGR = "{genreplay: {z: 2, batch: 5, encoder: {type: mlp, hidden: [6]}, decoder: {type: mlp, hidden: [6]}}}"

    def setUp(self):
        super().setUp()
        with open(f"{self.folder}/train.csv", "w") as f:
            for c in range(4):
                for i in range(9):
                    f.write(f"{0.2 * c + 0.1:.1f},{0.1 * i:.1f},{c}\n")

    def test_14_dreamt_rows_have_a_share_as_others_do(self):
        for kind in ("class-il", "domain-il"):
            with self.subTest(kind=kind):
                m, s, d = self.parts(kind)
                dreamt, w = self.slope([self.DGR], kind=kind)  # (m + g) / 2 in the second task
                g = 2 * dreamt - m
                self.assertGreater(min(abs(g - m), abs(g - s), abs(g - d)), 1e-3)
                held, at = self.slope([self.DGR, self.EWC], kind=kind)  # the weights are where they were: no penalty
                self.assertClose(held, dreamt, 1e-4)
                self.assertEqual(w, at)
                three, _ = self.slope([self.REPLAY % "blend: share, weight: 3", self.DGR, self.LWF % "blend: share, alpha: 2"],
                                      kind=kind)
                self.assertClose(three, (m + 3 * s + g + 2 * d) / 7, 1e-4)

    def test_15_the_penalty_is_added_to_what_the_others_came_to(self):
        pulls = self.pulls([self.DGR, self.EWC])
        self.assertEqual(pulls[0], 0)
        self.assertTrue(all(abs(pull) > 1e-6 for pull in pulls[1:]), pulls)

    def test_the_order_of_strategies_does_not_matter(self):
        for kind in ("class-il", "task-il", "domain-il"):
            with self.subTest(kind=kind):
                a, b = (self.run_well(pair, kind=kind)[1] for pair in ([self.DGR, self.EWC], [self.EWC, self.DGR]))
                self.assertEqual(a["weights_sha256"], b["weights_sha256"])
                self.assertEqual((a["status"], a["warnings"]["count"]), ("done", 0))

    def test_each_of_three_counts(self):
        some = [[], [self.DGR], [self.EWC], [self.DGR, self.EWC], [self.DGR, self.LWF % "", self.EWC]]
        self.assertEqual(len({self.run_well(list(one))[1]["weights_sha256"] for one in some}), 5)

    test_14_shares_of_several_strategies = None  # of Together, on its own data


class Evaluation(Case):
    def test_20_what_before_eval_did_is_undone(self):
        lines, _ = self.run_well([self.recorder("a", write_params="true")])
        evals, w = of(lines, "before_eval"), of(lines, "after_task")
        self.assertEqual({l["w"][0] for l in of(lines, "after_eval")}, {0})
        for l in evals:
            if l["after_task"]:
                self.assertEqual(l["w"], w[l["after_task"] - 1]["w"])

    def test_zeroed_parameters_answer_by_the_first_column(self):
        _, result = self.run_well([self.recorder("a", write_params="true")])
        self.assertEqual(result["matrix"], [[0.5, 0.0]] * 3)

    def test_8_the_sole_predict_and_the_network_beside_it(self):
        _, result = self.run_well([f"{{plugin: {plugin('predict_a')}}}"])
        _, alone = self.run_well([])
        self.assertEqual(result["matrix_network"], alone["matrix"])
        self.assertNotIn("matrix_network", alone)
        self.assertEqual(result["metrics_network"], alone["metrics"])
        self.assertNotIn("metrics_network", alone)

    def test_joint_has_the_first_and_the_last_row(self):
        _, result = self.run_well([], train_on="all")
        self.assertEqual(result["matrix"][1], [None, None])
        self.assertIsNotNone(result["matrix"][2][0])
        self.assertIsNone(result["metrics"]["bwt.gem"])


class Failures(Case):
    def test_8_two_owners_are_refused_with_both_lines(self):
        pair = [f"{{plugin: {plugin('sole_a')}}}", f"{{plugin: {plugin('sole_b')}}}"]
        self.run_badly(pair, 78, "compute_loss", "sole_a at line", "expected one at most")
        pair = [f"{{plugin: {plugin('predict_a')}}}", f"{{plugin: {plugin('predict_b')}}}"]
        self.run_badly(pair, 78, "predict", "predict_a at line")

    def test_5_what_was_kept_is_counted(self):
        code, words, _, result = self.perdure([f"{{plugin: {plugin('leak')}}}"])
        self.assertEqual(code, 0)
        self.assertIn("leak: leaked 3 tensors", words)
        self.assertGreaterEqual(result["warnings"]["count"], 1)

    def test_5_a_forgotten_check_is_no_silent_error(self):
        self.run_badly([f"{{plugin: {plugin('forget_check')}}}"], 1, "strategy forget_check, hook")

    def test_a_failing_hook_is_named(self):
        self.run_badly([f"{{plugin: {plugin('fail_hook')}}}"], 1, "strategy fail_hook, hook after_batch, task 1, step 4: fail_hook fails at index 3")

    def test_a_failing_create_has_its_words(self):
        self.run_badly([f"{{plugin: {plugin('fail_create')}}}"], 1, "strategy fail_create, hook create")

    def test_plugins_that_are_refused(self):
        for name, words in {"no_entry": "found no function perdure_plugin",
                            "wrong_major": "found plugin ABI 2.0; expected 1.0 or an older 1.x",
                            "newer_minor": "found plugin ABI 1.999; expected 1.0 or an older 1.x",
                            "short_struct": "found descriptor.struct_size",
                            "null_name": "found name NULL", "bad_default": "99", "duplicate_key": "rows"}.items():
            with self.subTest(name=name):
                self.run_badly([f"{{plugin: {plugin(name)}}}"], 69, words, f"{name}.so")


class Tables(Case):
    def test_every_tensor_function(self):
        self.run_well([f"{{plugin: {plugin('exercise_tensor')}}}"])

    def rest(self, misuse="none"):
        return [f"{{plugin: {plugin('exercise_rest')}, with: {{capacity: 20, policy: fifo, misuse: {misuse}}}}}"]

    def test_the_other_tables(self):
        self.run_well(self.rest())

    def test_what_is_wrong_says_so(self):
        for misuse, words in {"gate": "gate: found hidden layer 99; expected one of the network's 1, from 0",
                              "derivative": "derivative: found a tensor that leaf() did not make; expected one that it made",
                              "build": "build: network: hidden[0]: found 0; expected a whole number from 1 to 1000000",
                              "optimizer": "optimizer: found no networks; expected one or more",
                              "descend": "gradient: a loss without a graph; it must come from a [grad] scope",
                              "fisher": "fisher: found mode \"exakt\"; expected exact, exact-n, sample, empirical, batched or mas",
                              "gradient": "flat_grads: the strategy lacks the flag PDR_USES_GRADIENT",
                              "late-rehearse": "rehearse: may be called in before_batch only",
                              "bad-rows": "rehearse: x has another rank than the batch",
                              "bad-labels": "rehearse: found label 1000000; expected -1 to 3",
                              "bad-weight": "rehearse: found a weight that is not finite, or a share below 0",
                              "early-term": "add_loss: may be called in after_loss only",
                              "joined-term": "add_loss: a term is a SHARE or an ADD; only rows can JOIN",
                              "late-mingle": "mingle: may be called in before_task only",
                              "fail-and-ok": "said, and then forgotten"}.items():
            with self.subTest(misuse=misuse):
                self.run_badly(self.rest(misuse), 1, words)

    def test_a_scope_left_open_is_closed_and_counted(self):
        code, words, _, _ = self.perdure(self.rest("open-scope"))
        self.assertEqual(code, 0, words)
        self.assertIn("exercise_rest: before_task left 1 scope open", words)


if __name__ == "__main__":
    unittest.main(verbosity=1)
