"""assemble.py ROOT FOLDER: the sources of the site in FOLDER: the pages of docs/, the READMEs of strategies, and the pages that
are made. A link to another file becomes its name, as the site stands without the checkout; one to nothing is an error."""
import glob
import os
import re
import shutil
import sys

import hooks

HEADERS = ["plugin", "host", "tensor", "param", "status", "perdure", "sugar", "distill", "exemplars", "pictures"]
MADE = ("docs/hooks/", "docs/reference/", "docs/strategies/") # pages that no file of docs/ is


def told(root, path, pages, at):
    """The text of a file, to stand at `at` in the site: links to other pages lead there, those to other files become names."""
    with open(path, encoding="utf-8") as f:
        text = f.read()

    def link(match):
        words, target = match.groups()
        file, _, anchor = target.partition("#")
        aim = os.path.relpath(os.path.join(os.path.dirname(path), file), root)
        page = pages.get(aim) or pages.get(aim + "/README.md") or (aim[5:] if aim.startswith(MADE) else None)
        if page:
            return f"[{words}]({os.path.relpath(page, os.path.dirname(at) or '.')}{'#' * bool(anchor)}{anchor})"
        if not os.path.exists(f"{root}/{aim}"):
            raise SystemExit(f"{os.path.relpath(path, root)}: found a link to {target}; expected a file that is there")
        return words if "`" in words else f"{words} (`{aim}`)"

    return re.sub(r"\[([^]\[]*)\]\(((?!https?:|#)[^)\s]+)\)", link, text)


def pages_of(root):
    """file of the checkout -> page of the site: the pages of docs/, and the READMEs of strategies."""
    found = {f"docs/{os.path.basename(path)}": os.path.basename(path) for path in sorted(glob.glob(root + "/docs/*.md"))}
    for path in sorted(glob.glob(root + "/plugins/*/README.md") + glob.glob(root + "/examples/strategies/*/README.md")):
        file = os.path.relpath(path, root)
        found[file] = f"strategies/{file.split('/')[-2]}.md"
    for file, page in (("examples/strategies/README.md", "beside-avalanche"), ("examples/own-strategy/README.md", "own-strategy")):
        if os.path.exists(f"{root}/{file}"):
            found[file] = f"strategies/{page}.md"
    return found


def strategies(folder, pages):
    """The list of those pages."""
    lines = ["# Strategies", "", "What each does, with its equations beside the lines of its source, its parameters, and what it reaches.", ""]
    for title, where in (("Shipped", "plugins/"), ("Examples", "examples/")):
        names = [page.split("/")[1][:-3] for file, page in pages.items() if file.startswith(where)]
        if names:
            lines += [f"## {title}", "", "```{toctree}", "", *names, "```", ""]
    with open(folder + "/strategies/index.md", "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


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
    pages = pages_of(root)
    os.mkdir(folder + "/strategies")
    for file, page in pages.items():
        with open(f"{folder}/{page}", "w", encoding="utf-8") as f:
            f.write(told(root, f"{root}/{file}", pages, page))
    strategies(folder, pages)
    shutil.copytree(root + "/docs/site/static", folder + "/static")
    reference(folder + "/reference")
    hooks.write(root, folder + "/hooks")


main()
