#!/usr/bin/env python3
"""docs/faults.md out of catalogue.yaml and of what the tests expect: see scripts/faults.

    table.py          writes it
    table.py --check  exit 1 and the difference where the page is not what they give, or a test that is named is not there"""
import difflib
import json
import os
import re
import subprocess
import sys

try:
    import yaml
except ImportError:
    print("skipped: found no Python module yaml; expected it")
    sys.exit(1 if os.environ.get("PERDURE_CI") == "1" else 77)

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PAGE = os.path.join(ROOT, "docs", "faults.md")
HEAD = """\
# Every fault, what was done, and what was seen

Written by `scripts/faults` from `tests/faults/catalogue.yaml` and from what the tests themselves expect: those of
`tests/messages` (all of them are in [refusals.md](refusals.md)) and of `tests/faults` compare words and exit codes with these,
one by one. `@` stands for a folder. The last column is the test's name in CTest. What no test does says why.
"""
LONGEST = 300


class Bad(Exception):
    pass


def table_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise Bad(f"{' '.join(command)}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def messages_read(folder):
    """Input to exit code and words, as the test prints them; an input that comes twice has its first words."""
    rows = {}
    for line in table_of("bash", f"tests/messages/{folder}/run.sh", "--table").splitlines():
        cells = [cell.replace("\\|", "|") for cell in re.split(r"(?<!\\) \| ", line.removeprefix("| ").removesuffix(" |"))]
        if len(cells) == 3:
            name = re.fullmatch(r"\[`(.*)`\]\(.*\)", cells[0])
            rows.setdefault(name.group(1) if name else cells[0], cells)
    return rows


def shown_read():
    rows = {}
    for script in ("test_damage.py", "test_places.py"):
        for row in json.loads(table_of(sys.executable, "-B", os.path.join(HERE, script), "--table")):
            rows[row["name"]] = dict(row, test="faults." + script[len("test_"):-len(".py")])
    return rows


def test_of(path):
    """The name of a file's test in CTest."""
    folder, name = os.path.split(path)
    stem = re.sub(r"^test_|\.(c|cpp|py)$", "", name)
    if folder.startswith("tests/unit/"):
        return f"unit.{os.path.basename(folder)}.{stem}"
    if folder == "tests/composition":
        return "composition"
    return {"kills": "faults.kills", "power_loss": "faults.power"}.get(stem, f"{os.path.basename(folder)}.{stem}")


def case_check(case):
    if not {"in", "did", "seen"} <= set(case) <= {"in", "name", "did", "seen"}:
        raise Bad(f"{case}: found such keys; expected in, did, seen and perhaps name (texts with commas in quotes)")
    path = os.path.join(ROOT, case["in"])
    if not os.path.isfile(path):
        raise Bad(f"{case['in']}: found no such file; expected a test")
    with open(path, encoding="utf-8") as f:
        words = f.read()
    name = case.get("name")
    if name and not re.search(rf"\b(static void|def) {name}\(", words):
        raise Bad(f"{case['in']}: found no {name}; expected it, as the catalogue names it")


def cell(words):
    words = words.replace("|", "\\|").strip()
    return words.replace("\n", "<br>")


def code(words):
    """Lines of words as code, but for those that are ours about them."""
    lines = [f"`{line.replace('`', chr(39))}`" if re.match(r"(error|warning|hint): |\S+: was ", line) else line
             for line in words.split("\n")]
    return "<br>".join(cell(line) for line in lines)


def cut(words):
    words = words.removeprefix("`").removesuffix("`")
    if len(words) > LONGEST:
        words = words[:LONGEST].rsplit(" ", 1)[0].rsplit("`<br>`", 1)[0] + " ..."
    return f"`{words}`"


def lines_of(fault, messages, shown):
    """Rows of one fault: what was done, what was seen, by which test."""
    for folder, inputs in fault.get("words", {}).items():
        for name in inputs:
            if name not in messages[folder]:
                raise Bad(f"{fault['id']}: found no row {name!r} in tests/messages/{folder}; expected one")
            done, number, words = messages[folder][name]
            yield cell(done), f"exit {number}: {cell(cut(words))}", f"messages.{folder}"
    for name in fault.get("shown", []):
        if name not in shown:
            raise Bad(f"{fault['id']}: found no test {name}; expected one in test_damage.py or test_places.py")
        yield cell(shown[name]["did"]), code(shown[name]["seen"]), shown[name]["test"]
    for case in fault.get("cases", []):
        case_check(case)
        yield cell(case["did"]), cell(case["seen"]), test_of(case["in"])
    if "open" in fault:
        yield "-", cell(fault["open"]), "-"


def page_make():
    with open(os.path.join(HERE, "catalogue.yaml"), encoding="utf-8") as f:
        catalogue = yaml.safe_load(f)
    folders = {folder for section in catalogue for fault in section["faults"] for folder in fault.get("words", {})}
    messages, shown = {folder: messages_read(folder) for folder in folders}, shown_read()
    named = {name for section in catalogue for fault in section["faults"] for name in fault.get("shown", [])}
    if set(shown) - named:
        raise Bad(f"catalogue.yaml: found no word of {', '.join(sorted(set(shown) - named))}; expected every test that shows "
                  "something")
    out, tests = [HEAD], set()
    for section in catalogue:
        out.append(f"\n## {section['title']}\n\n| | fault | what was done | what was seen | test |\n|---|---|---|---|---|\n")
        for fault in section["faults"]:
            rows = list(lines_of(fault, messages, shown))
            if not rows:
                raise Bad(f"{fault['id']}: found nothing that tests it; expected words, shown, cases or open")
            for i, (did, seen, test) in enumerate(rows):
                first = (fault["id"], cell(fault["fault"])) if i == 0 else ("", "")
                out.append(f"| {first[0]} | {first[1]} | {did} | {seen} | {test} |\n")
                tests.add(test)
    return "".join(out), tests - {"-"}


def tests_check(tests):
    """In a build, CTest knows them all."""
    build = os.environ.get("PERDURE_BUILD_DIR")
    if not build:
        return
    known = set(re.findall(r"Test +#\d+: (\S+)", table_of("ctest", "--test-dir", build, "-N")))
    if tests - known:
        raise Bad(f"found tests that CTest does not know: {', '.join(sorted(tests - known))}")


def main():
    page, tests = page_make()
    tests_check(tests)
    if sys.argv[1:] != ["--check"]:
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(page)
        return 0
    with open(PAGE, encoding="utf-8") as f:
        there = f.read()
    sys.stdout.writelines(difflib.unified_diff(there.splitlines(True), page.splitlines(True), "docs/faults.md", "expected"))
    if there != page:
        print("faults: found docs/faults.md out of date; expected what scripts/faults writes", file=sys.stderr)
    return there != page


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Bad as fault:
        sys.exit(f"faults: {fault}")
