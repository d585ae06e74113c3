"""Takes the scenario and the strategy out of README.md, compiles the strategy outside the tree by gcc and by clang, and runs
it within the scenario. Both compilers' objects must give the same weights."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE, BUILD = os.environ["PERDURE_SOURCE_DIR"], os.environ["PERDURE_BUILD_DIR"]
PROGRAM = BUILD + "/bin/perdure"


def block(text, language):
    found = re.findall(rf"```{language}\n(.*?)```", text, re.S)
    assert len(found) == 1, f"README.md: found {len(found)} blocks of {language}; expected 1"
    return found[0]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main():
    with open(SOURCE + "/README.md", encoding="utf-8") as f:
        text = f.read()
    scenario, strategy = block(text, "yaml"), block(text, "c")
    lines = strategy.count("\n")
    assert lines <= 40, f"README.md: the strategy has {lines} lines; expected at most 40"
    compilers = [c for c in ("gcc", "clang") if shutil.which(c)]
    if os.environ.get("PERDURE_CI") == "1":
        assert len(compilers) == 2, f"found {compilers}; expected gcc and clang"
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/pull.c", "w") as f:
            f.write(strategy)
        weights = set()
        for compiler in compilers:
            so, out = f"{folder}/{compiler}.so", f"{folder}/{compiler}"
            run(compiler, "-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-shared", "-fPIC",
                "-fvisibility=hidden", f"-I{SOURCE}/sdk/include", folder + "/pull.c", "-o", so, "-lm")
            with open(f"{folder}/{compiler}.yaml", "w") as f:
                f.write(scenario + f"  - {{name: pull, strategies: [{{plugin: {so}, with: {{strength: 0.5}}}}]}}\n")
            run(PROGRAM, "check", f"{folder}/{compiler}.yaml")
            run(PROGRAM, "run", f"{folder}/{compiler}.yaml", "--out", out, "--set", "seeds=[0]", "--set",
                "training.epochs=1")
            with open(out + "/cells/pull/seed-0/result.json") as f:
                weights.add(json.load(f)["weights_sha256"])
        assert len(weights) == 1, f"the compilers' objects gave different weights: {weights}"
    print(f"the README's scenario and strategy work, by {' and '.join(compilers)}")


main()
