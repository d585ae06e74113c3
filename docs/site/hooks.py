"""Pages of the hooks: a page each, and their list, out of hooks.yaml, the header and the strategies' sources. A hook that the
table, the header or the picture lacks is an error."""
import glob
import os
import re

import yaml

import loop

ROWS = [("Moment", "when"), ("What is there", "there"), ("What you may do", "may"), ("What it is for", "for"),
        ("Traps", "traps"), ("In Avalanche 0.6", "avalanche")]
WHERE = ["sdk/template", "plugins/*", "examples/own-strategy", "examples/strategies/*"]


def declared(root):
    """name -> (signature, tags, first words) of every hook, as plugin.h has them, in its order."""
    with open(root + "/sdk/include/perdure/plugin.h", encoding="utf-8") as f:
        table = re.search(r"typedef struct pdr_hooks \{(.*?)\n\} pdr_hooks;", f.read(), re.S).group(1)
    found = {}
    for words, name, arguments in re.findall(r"/\*\*(.*?)\*/\s*pdr_status \(\*(\w+)\)\((.*?)\);", table, re.S):
        words = " ".join(re.sub(r"^ *\* ?", "", line).strip() for line in words.splitlines())
        tags = re.findall(r"\[([\w-]+)\]", re.match(r"\s*(\[[\w-]+\]\s*)*", words).group())
        found[name] = (f"pdr_status {name}({arguments})", tags, words.strip())
    return found


def table(root):
    with open(root + "/docs/site/hooks.yaml", encoding="utf-8") as f:
        rows = yaml.safe_load(f)
    known = declared(root)
    if list(rows) != list(known):
        raise SystemExit(f"docs/site/hooks.yaml: found {list(rows)}; expected the hooks of plugin.h: {list(known)}")
    if sorted(loop.names()) != sorted(known):
        raise SystemExit(f"docs/site/loop.py: found {sorted(loop.names())}; expected {sorted(known)}")
    for name, row in rows.items():
        lacking = [key for _, key in ROWS if not row.get(key)]
        if lacking:
            raise SystemExit(f"docs/site/hooks.yaml: {name}: found no {', '.join(lacking)}; expected some words of each")
    return rows, known


def users(root, name):
    """Files of strategies that have the hook."""
    found = []
    for folder in WHERE:
        for path in sorted(glob.glob(f"{root}/{folder}/*.c")):
            with open(path, encoding="utf-8") as f:
                if re.search(rf"\.{name} = ", f.read()):
                    found.append(os.path.relpath(path, root))
    return found


def tags_told(tags):
    words = {"grad": "gradients are recorded", "no-grad": "no gradients are recorded",
             "sole": "at most one strategy of a method may have it"}
    return "; ".join(f"**[{tag}]** {words[tag]}" for tag in tags) or "no scope of its own: `tensor->open` one"


def page(root, name, row, known):
    signature, tags, words = known
    lines = [f"# {name}", "", "```c", signature + ";", "```", "", "> " + re.sub(r"(?<!`)(\*\w+)", r"`\1`", words), "",
             "```{raw} html", loop.draw(name, lambda other: other + ".html"), "```", "",
             f"**Mode.** {tags_told(tags) if name not in ('save', 'load') else 'between two steps; no scope'}", ""]
    lines += [line for title, key in ROWS for line in (f"**{title}.** {row[key]}", "")]
    files = ", ".join(f"`{path}`" for path in users(root, name)) or "none of those that are here"
    lines += [f"**Strategies with it.** {files}", ""]
    return "\n".join(lines)


def overview(rows, known):
    lines = ["# Hooks, and the loop they stand in", "",
             "A strategy is a table of hooks. Those that it leaves out are not called. Strategies of one method are called "
             "in the order of the scenario, hook by hook. What they may do in each, and how they compose, is rules 11 to 21 "
             "in [plugin.h](../reference/plugin.md).", "",
             "```{raw} html", loop.draw(None, lambda name: name + ".html"), "```", "", "| hook | mode | moment |", "|---|---|---|"]
    for name, row in rows.items():
        lines.append(f"| [{name}]({name}.md) | {' '.join(f'[{t}]' for t in known[name][1])} | {row['when']} |")
    return "\n".join(lines + ["", "```{toctree}", ":hidden:", "", *rows, "```", ""])


def write(root, folder):
    rows, known = table(root)
    os.makedirs(folder, exist_ok=True)
    for name, row in rows.items():
        with open(f"{folder}/{name}.md", "w", encoding="utf-8") as f:
            f.write(page(root, name, row, known[name]))
    with open(f"{folder}/index.md", "w", encoding="utf-8") as f:
        f.write(overview(rows, known))
