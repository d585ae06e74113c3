"""Does docs/tutorial.md word for word in an empty folder: writes its files, makes its edits, types its commands, and compares what
they print with what the page shows. Numbers may differ as another machine's rounding makes them; words may not.

usage: tutorial.py [PAGE]    The set-up, which is typed once in a checkout, is taken as done.
"""
import os
import re
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("PERDURE_SOURCE_DIR", os.getcwd())
BUILD = os.environ.get("PERDURE_BUILD_DIR", SOURCE + "/build/release")
BLOCK = re.compile(r"^```\{code-block\} (\w+)\n(?::caption: ([^\n]*)\n)?(.*?)^```$", re.M | re.S)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
NEAR, SHARE = 0.05, 0.1 # of an accuracy; of other numbers, as a share
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PERDURE_PLUGIN_PATH"} | {"COLUMNS": "120", "LC_ALL": "C.UTF-8"}


def blocks(page):
    with open(page, encoding="utf-8") as f:
        text = f.read()
    found = [(m.group(1), m.group(2) or "", m.group(3), text[:m.start()].count("\n") + 1) for m in BLOCK.finditer(text)]
    plain = re.findall(r"^```[^\n{]+", text, re.M)
    if plain or not found:
        sys.exit(f"{page}: found {len(found)} blocks and {plain}; expected code-blocks alone, as only these are tried out")
    return found


def splice(text, where, piece, name):
    """A piece of C into the file, at the place that its caption names."""
    last = text.index("static const pdr_hooks hooks")
    if where == "instead of the last lines":
        return text[:last] + piece
    if where == "above the last lines":
        return text[:last] + piece + text[last:]
    verb, function = re.fullmatch(r"(above|instead of) (\w+)", where).groups()
    found = re.search(rf"(?:/\*(?:(?!\*/).)*\*/\n)?static \w+ {function}\([^;{{]*\)\n\{{\n.*?\n\}}\n", text, re.S)
    if not found:
        sys.exit(f"{name}: found no function {function}; expected one to put {where!r} to")
    return text[:found.start()] + piece + text[found.start() if verb == "above" else found.end():]


def write(folder, caption, piece):
    name, _, where = caption.partition(", ")
    path, text = f"{folder}/{name}", piece
    if where:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        text = text + piece if where == "at the end" else splice(text, where, piece, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


class Shell:
    """Commands as they would be typed one after another: folder and exported variables stay."""

    def __init__(self, folder, environment):
        self.folder, self.environment = folder, environment

    def type(self, commands, code):
        marks = f"set -e\n{commands}\nset +x\nprintf '\\0%s\\0' \"$PWD\"; env -0"
        done = subprocess.run(["bash", "-c", marks if not code else commands], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        said, *rest = done.stdout.split("\0")
        if done.returncode != code:
            sys.exit(f"{commands}\nended with {done.returncode}; expected {code}. It said:\n{said}")
        if rest:
            self.folder = rest[0]
            self.environment = dict(line.split("=", 1) for line in rest[1:] if "=" in line)
        return said


def near(shown, said):
    a, b = float(shown), float(said)
    if "." not in shown: # a count
        return a == b
    small = len(shown.split(".")[1]) > 4 # no rate: its size says nothing of how near is near
    return abs(a - b) <= (SHARE * abs(a) if small or abs(a) > 1 else NEAR)


def same(shown, said):
    """One line: equal words, near numbers."""
    if NUMBER.sub("#", " ".join(shown.split())) != NUMBER.sub("#", " ".join(said.split())):
        return False
    return all(near(*pair) for pair in zip(NUMBER.findall(shown), NUMBER.findall(said)))


def compare(shown, said, at):
    """Every shown line stands in what was said, in order; between lines that have no `...` between them nothing else does."""
    lines, i, free = said.strip("\n").split("\n"), 0, True
    for want in shown.strip("\n").split("\n"):
        if want.strip() == "...":
            free = True
            continue
        while free and i < len(lines) and not same(want, lines[i]):
            i += 1
        if i == len(lines) or not same(want, lines[i]):
            sys.exit(f"{at}: found no line\n    {want}\nin what was printed there; expected it as shown. It was:\n{said}")
        i, free = i + 1, False


def main():
    page = sys.argv[1] if len(sys.argv) > 1 else SOURCE + "/docs/tutorial.md"
    with tempfile.TemporaryDirectory(prefix="perdure-tutorial-") as made:
        os.makedirs(made + "/checkout/build/release") # what the page says of a checkout is true of links to it
        os.symlink(BUILD + "/bin", made + "/checkout/build/release/bin")
        os.symlink(SOURCE + "/sdk", made + "/checkout/sdk")
        shell, said, count = Shell(made + "/checkout", ENVIRONMENT), "", 0
        for language, caption, body, line in blocks(page):
            at = f"{os.path.basename(page)}:{line}"
            if language == "sh":
                if not caption.startswith("once"):
                    said = shell.type(body, 1 if caption.endswith("exit code 1") else 0)
            elif language == "text":
                compare(body, said, at)
            elif language != "python": # that is of others, to be read
                write(shell.folder, caption, body)
            count += 1
    print(f"{count} blocks done, as they stand on the page")


main()
