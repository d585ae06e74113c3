"""A short seed of what van de Ven and Tolias did: methods of examples/papers/van-de-ven at a tenth of their length. The bands are
around what this seed gives, wide enough for another machine's rounding (two threads instead of one move iCaRL by 0.018 and DGR by
0.021) and narrow enough that a method which has stopped working falls out: without its strategy each comes to what finetune does.
Needs MNIST."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD = os.environ["PERDURE_SOURCE_DIR"], os.environ["PERDURE_BUILD_DIR"]
PROGRAM = os.path.join(BUILD, "bin", "perdure")


def methods(words, names):
    """Those methods of a scenario's text, as a list on one line: what stands there, not what this test thinks of it."""
    found = re.findall(r"^  - (name: (\S+)\n(?:    .*\n)*)", words, re.M)
    chosen = [", ".join(line.strip() for line in block.splitlines()) for block, name in found if name in names]
    assert len(chosen) == len(names), f"found {[name for _, name in found]}; expected {names} among them"
    return "[" + ", ".join("{" + one + "}" for one in chosen) + "]"


def gates(bands):
    lines = (f"{{method: {name}, metric: acc.macro, between: [{low}, {high}], source: tests}}"
             for name, (low, high) in bands.items())
    return f"[{', '.join(lines)}]"


class Short(unittest.TestCase):
    def short(self, name, iterations, bands):
        file = f"{SOURCE}/examples/papers/van-de-ven/{name}.yaml"
        with open(file, encoding="utf-8") as f:
            chosen = methods(f.read(), list(bands))
        sets = {"seeds": "[0]", "training.iterations": iterations, "methods": chosen, "evaluation.expect": gates(bands),
                "evaluation.metrics": "[acc.macro]", "evaluation.matrix": "{rows: last, untrained: false}"}
        if os.environ.get("SHORT_THREADS"):
            sets["device.threads"] = os.environ["SHORT_THREADS"]
        with tempfile.TemporaryDirectory(prefix="perdure-short-") as folder:
            options = [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
            done = subprocess.run([PROGRAM, "run", file, "--out", folder + "/run", *options], capture_output=True, text=True,
                                  check=False)
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_class_il(self):
        self.short("class-il", 200, {"lwf": (0.203, 0.245), "icarl": (0.905, 0.945)})

    def test_class_il_memory(self):
        self.short("class-il-memory", 200, {"er": (0.87, 0.925), "icarl": (0.83, 0.905)})

    def test_class_il_generative(self):
        self.short("class-il-generative", 200, {"dgr": (0.5, 0.7)})

    def test_task_il(self):
        self.short("task-il", 200, {"finetune": (0.90, 0.983), "ewc": (0.987, 0.999), "si": (0.987, 0.999)})


def main():
    data = os.path.join(os.environ.get("PERDURE_DATA", ""), "mnist", "train-images-idx3-ubyte")
    if not (os.path.exists(data) or os.path.exists(data + ".gz")):
        print(f"found no {data}; expected MNIST, by PERDURE_DATA")
        return 1 if os.environ.get("PERDURE_CI") == "1" else 77
    return 0 if unittest.main(exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
