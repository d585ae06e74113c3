"""selftest.py: rooms.py finds every fault of a bad tree, and none in a good one."""
import os
import sys
import tempfile

import rooms

GOOD = {
    "core/perdure.c": '#include "cli/cli.h"\n',
    "core/base/text.h": '#include <stddef.h>\n/* never dlclose\n#include "train/train.h" */\n',
    "core/engine/scope.cpp": '#include <ATen/ops/add.h>\n#include "base/text.h"\n#include <perdure/status.h>\n',
    "core/engine/inside.h": '#include "engine/inside.h"\n',
    "core/data/csv.c": '#include <zlib.h>\n#include "base/text.h"\n#include "scenario/row.h"\n// torch::load\n',
    "core/report/table.h": "",
    "core/report/table.c": '#include "table.h"\n#include "train/train.h"\n',
    "core/report/CMakeLists.txt": "perdure_room(NAME report SOURCES a.c USES base record LIBS jansson) # USES cli\n",
    "plugins/replay/replay.c": '#include <math.h>\n#include <perdure/perdure.h>\n#include "helper.h"\n',
    "plugins/replay/helper.h": "#include <stdint.h>\n",
    "sdk/include/perdure/status.h": "#include <stdint.h>\n",
    "sdk/include/perdure/host.h": '#include <perdure/status.h>\n#include "status.h"\n',
    "sdk/template/strategy.c": "#include <perdure/host.h>\n",
    "sdk/template-cxx/strategy.cpp": "#include <exception>\n#include <perdure/perdure.h>\n",
    "examples/own-strategy/steady.cpp": "#include <cstring>\n#include <new>\n#include <perdure/perdure.h>\n",
    "tests/unit/engine/test_torch.cpp": "#include <torch/torch.h>\n",
    "bench/loop.cpp": "#include <torch/torch.h>\n",
}

# Each of these files is one fault, in the line given.
BAD = {
    "core/base/late.c": ('#include <stdio.h>\n#include "scenario/row.h"\n', 2),
    "core/base/spaced.c": ('  #  include\t"plan/plan.h" // why\n', 1),
    "core/base/broken.c": ('#include \\\n  "plan/plan.h"\n', 1),
    "core/base/macro.c": ("#define X \"plan/plan.h\"\n#include X\n", 2),
    "core/base/up.c": ('#include "../plan/plan.h"\n', 1),
    "core/base/root.c": ('#include "core/plan/plan.h"\n', 1),
    "core/base/angle.c": ("#include <plan/plan.h>\n", 1),
    "core/base/unknown.c": ('#include "elsewhere.h"\n', 1),
    "core/base/quoted.c": ('static const char *s = "/*";\n#include "plan/plan.h"\n', 2),
    "core/engine/scenario.c": ('#include "scenario/row.h"\n', 1),
    "core/evaluate/engine.c": ('#include "engine/engine.h"\n', 1),
    "core/memory/data.c": ('#include "data/data.h"\n', 1),
    "core/run/report.c": ('#include "report/report.h"\n', 1),
    "core/run/CMakeLists.txt": ("perdure_room(NAME run\n  SOURCES a.c\n  USES base report)\n", 3),
    "core/train/torch.c": ("#include <torch/torch.h>\n", 1),
    "core/train/aten.c": ('#include "ATen/ATen.h"\n', 1),
    "core/train/c10.c": ("#include <c10/core/Device.h>\n", 1),
    "core/train/step.cpp": ("int f();\n", 1),
    "core/plugin/loader.c": ("void f(void *o)\n{\n    dlclose(o);\n}\n", 3),
    "core/engine/load.cpp": ("void f()\n{\n    torch :: load(m, p);\n}\n", 3),
    "core/engine/other.cpp": ("#include <ATen/ops/add.h>\nint unpickle();\nint pickle_load();\n", 3),
    "core/helpers/help.c": ("int x;\n", 1),
    "plugins/ewc/ewc.c": ('#include <perdure/perdure.h>\n#include "engine/engine.h"\n', 2),
    "plugins/ewc/posix.c": ("#include <unistd.h>\n", 1),
    "plugins/ewc/ewc.cpp": ("int f();\n", 1),
    "sdk/include/perdure/own.h": ("#include <sys/types.h>\n", 1),
    "sdk/include/perdure/gone.h": ("#include <perdure/missing.h>\n", 1),
    "sdk/template/bad.c": ("#include <jansson.h>\n", 1),
    "sdk/template/new.c": ("#include <new>\n", 1),
    "examples/own-strategy/boost.cpp": ("#include <new>\n#include <boost/any.hpp>\n", 2),
    "examples/ewc/ewc.cpp": ("int f();\n", 1),
}


def write(root, files):
    for path, text in files.items():
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def found(files):
    with tempfile.TemporaryDirectory() as root:
        write(root, files)
        return rooms.Check(root).run()


def main():
    wrong = ["good tree: " + fault for fault in found(GOOD)]
    faults = found({**GOOD, **{path: text for path, (text, _) in BAD.items()}})
    expected = {f"{path}:{line}" for path, (_, line) in BAD.items()}
    got = [":".join(fault.split(":")[:2]) for fault in faults]
    wrong += [f"bad tree: {place}: not found" for place in sorted(expected - set(got))]
    wrong += [f"bad tree: more than expected: {fault}" for fault, place in zip(faults, got) if place not in expected]
    for line in wrong:
        print(line)
    print(f"selftest: {len(expected)} bad files, {len(faults)} faults found, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
