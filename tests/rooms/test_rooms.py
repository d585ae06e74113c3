#!/usr/bin/env python3
"""The check of the rooms can fail: each bad file below is refused for its own reason, each good one is not."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rooms  # noqa: E402

GOOD = {
    "core/perdure.c": '#include "cli/cli.h"\n',
    "core/base/text.c": '/* #include "cli/cli.h" */\n#include "base/text.h"\n#include <unistd.h>\n',
    "core/engine/load.c": '#include "base/error.h"\n#include <perdure/host.h>\n/* never dlclose */\n',
    "core/engine/loss.cpp": '#include <torch/torch.h>\n#include <string>\n#include "engine/inside.hpp"\n',
    "core/plugin/probe.c": "void f(void *p) { dlclose(p); }\n",
    "core/run/run.c": '#include "plan/plan.h"\nconst char *s = "dlclose pickle";\n',
    "core/scenario/tree.c": "#include <yaml.h>\n",
    "core/train/CMakeLists.txt": "perdure_room(NAME train SOURCES a.c USES base plan LIBS m)\n",
    "plugins/x/x.c": '#include <perdure/plugin.h>\n#include <math.h>\n#include "x_help.h"\n',
    "plugins/x/x_help.h": "#include <stdint.h>\n",
    "sdk/include/perdure/plugin.h": "#include <stddef.h>\n#include <perdure/host.h>\n",
    "sdk/include/perdure/host.h": "",
}
BAD = [
    ("core/base/a.c", '#include "scenario/node.h"\n', "room base to include only base"),
    ("core/scenario/a.c", '#include "engine/engine.h"\n', "room scenario to include only base, scenario"),
    ("core/engine/a.c", '#include "scenario/node.h"\n', "room engine to include only base, engine"),
    ("core/data/a.c", '#include "train/train.h"\n', "room data to include only"),
    ("core/plan/a.c", '#include "plan.h"\n', 'an include written "room/file.h"'),
    ("core/plan/a.c", '#include "../cli/cli.h"\n', 'an include written "room/file.h"'),
    ("core/plan/a.c", "#include <torch/torch.h>\n", "LibTorch and CUDA only in core/engine"),
    ("core/plan/a.c", "#  include <ATen/ATen.h>\n", "LibTorch and CUDA only in core/engine"),
    ("core/plan/a.c", "#include <c10/core/Device.h>\n", "LibTorch and CUDA only in core/engine"),
    ("core/plan/a.c", "#include <vector>\n", "C++ only in core/engine"),
    ("core/plan/a.cpp", "int a;\n", "C++ only in core/engine and bench"),
    ("core/plan/a.c", '#include "engine/inside.hpp"\n', "C++ only in core/engine"),
    ("core/plan/a.c", "#include <yaml.h>\n", "it only in core/scenario"),
    ("core/plan/a.c", "#include HEADER\n", "one that can be read"),
    ("core/extra/a.c", '#include "base/text.h"\n', "found room extra"),
    ("core/plugin/a.c", "void f(void *p) { dlclose(p); }\n", "found dlclose"),
    ("core/engine/a.cpp", "void f() { torch::load(t, s); }\n", "found torch::load"),
    ("core/data/a.c", "int pickle_read(void);\n", "found pickle"),
    ("core/data/CMakeLists.txt", "perdure_room(NAME data\n  USES base plan\n  LIBS z)\n", "found USES plan"),
    ("plugins/x/a.c", '#include "base/text.h"\n', "<perdure/...>, a header of C"),
    ("plugins/x/a.c", "#include <unistd.h>\n", "<perdure/...> or a header of C"),
    ("plugins/x/a.c", "#include <torch/torch.h>\n", "<perdure/...> or a header of C"),
    ("sdk/include/perdure/a.h", "#include <dlfcn.h>\n", "a header of perdure/ that is there"),
    ("sdk/include/perdure/a.h", '#include "gone.h"\n', "a header of perdure/ that is there"),
]


def breaches(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as stream:
                stream.write(text)
        return rooms.Check(root).run()


class Rooms(unittest.TestCase):
    def test_good_tree_passes(self):
        self.assertEqual(breaches(GOOD), [])

    def test_each_bad_file_is_refused(self):
        for path, text, words in BAD:
            with self.subTest(path=path, text=text):
                found = breaches({**GOOD, path: text})
                self.assertEqual(len(found), 1, found)
                self.assertTrue(found[0].startswith(path + ":"), found)
                self.assertIn(words, found[0])


if __name__ == "__main__":
    unittest.main()
