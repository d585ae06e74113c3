"""assemble.py ROOT FOLDER: the sources of the site in FOLDER: the pages of docs/, and those that are made. A link to a file
outside of docs/ becomes its name, as the site stands without the checkout; one to nothing is an error."""
import glob
import os
import re
import shutil
import sys

import hooks

HEADERS = ["plugin", "host", "tensor", "param", "status", "perdure", "sugar", "distill", "exemplars", "pictures"]


def told(root, path):
    """The page with its links to files outside of docs/ as names."""
    with open(path, encoding="utf-8") as f:
        text = f.read()

    def link(match):
        words, target = match.groups()
        aim = os.path.normpath(os.path.join(os.path.dirname(path), target.split("#")[0]))
        if not os.path.exists(aim) and not aim.startswith((root + "/docs/hooks", root + "/docs/reference")):
            raise SystemExit(f"{os.path.relpath(path, root)}: found a link to {target}; expected a file that is there")
        if aim.startswith(root + "/docs/"):
            return match.group()
        return words if "`" in words else f"{words} (`{os.path.relpath(aim, root)}`)"

    return re.sub(r"\[([^]\[]*)\]\(((?!https?:|#)[^)\s]+)\)", link, text)


def reference(folder):
    os.makedirs(folder)
    for name in HEADERS:
        with open(f"{folder}/{name}.md", "w", encoding="utf-8") as f:
            f.write(f"# {name}.h\n\n```{{doxygenfile}} {name}.h\n:project: perdure\n```\n")


def main():
    root, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    missing = {f"{name}.h" for name in HEADERS} ^ {os.path.basename(f) for f in glob.glob(root + "/sdk/include/perdure/*.h")}
    if missing:
        raise SystemExit(f"docs/site/assemble.py: found {sorted(missing)} here or in sdk/include alone; expected all in both")
    for path in sorted(glob.glob(root + "/docs/*.md")):
        with open(f"{folder}/{os.path.basename(path)}", "w", encoding="utf-8") as f:
            f.write(told(root, path))
    shutil.copytree(root + "/docs/site/static", folder + "/static")
    reference(folder + "/reference")
    hooks.write(root, folder + "/hooks")


main()
