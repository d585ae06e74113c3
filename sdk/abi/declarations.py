#!/usr/bin/env python3
"""What the SDK's headers declare, and the rule that binary interfaces live by: within a major they only grow.

    declarations.py minor INCLUDE             the minor that the headers describe
    declarations.py headers INCLUDE           the paths of the headers, without drafts
    declarations.py names INCLUDE             every public name and the minor whose fence it stands in
    declarations.py text INCLUDE              all declarations without comments and blanks
    declarations.py layout INCLUDE CC         C text that asserts where every member of every struct stands
    declarations.py check INCLUDE FROZEN...   do the headers keep all that each frozen folder has, in its order and of its
                                              types, and is all that is newer fenced? Exit 1 with a line for each fault

A fence is what hides a member from plugins with an older target: `#if PDR_VISIBLE_MINOR >= 1` before, `#endif` behind.
Names that end in an underscore are private, and drafts (extensions) are no part of the interface. Only the C library of
Python is needed; comments never count.
"""
import os
import re
import subprocess
import sys
import tempfile

DRAFTS = ("pictures.h",)
# May be added without a fence: they are compiled into the plugin, and ask no host for anything by themselves.
FREE = ("helper", "macro", "typedef")
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\.\.\.|[A-Za-z_]\w*|[0-9][\w.+-]*|[^\s\w]')


class Entry:
    """A public name: of a struct's member STRUCT.MEMBER. `type` holds what must stay: its tokens, or an enum's value."""

    def __init__(self, name, kind, type_, minor):
        self.name, self.kind, self.type, self.minor = name, kind, type_, minor


def headers(include):
    folder = os.path.join(include, "perdure")
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".h") and name not in DRAFTS]


def uncommented(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S).replace("\\\n", " ")


def tokens_of(path, macros):
    """[(token, minor)]: the text without directives and without what only C++ sees; #defines go to `macros`."""
    out, fences = [], []
    for line in uncommented(path).split("\n"):
        directive = re.match(r"\s*#\s*(\w+)\s*(.*)", line)
        minor = max((f for f in fences if isinstance(f, int)), default=0)
        if not directive:
            if "c++" not in fences:
                out += [(token, minor) for token in TOKEN.findall(line)]
        elif directive[1] in ("if", "ifdef", "ifndef"):
            fence = re.fullmatch(r"PDR_VISIBLE_MINOR >= (\d+)u?\s*", directive[2])
            fences.append(int(fence[1]) if fence else "c++" if directive[2].strip() == "__cplusplus" else "other")
        elif directive[1] == "endif":
            fences.pop()
        elif directive[1] == "define":
            name = re.match(r"\w+", directive[2])[0]
            if name.startswith("PDR_") and not name.endswith("_"):
                macros.append(Entry(name, "macro", [], minor))
    return out


def statements(tokens):
    """Top-level declarations; a function with a body ends at its brace, all else at a semicolon."""
    part, depth = [], 0
    for token, minor in tokens:
        part.append((token, minor))
        depth += (token in "{(") - (token in "})")
        body = token == "}" and any(t == "inline" for t, _ in part)
        if depth == 0 and (token == ";" or body):
            yield part
            part = []


def split(tokens, separator):
    part, depth = [], 0
    for token, minor in tokens:
        depth += (token in "{([") - (token in "})]")
        if token == separator and depth == 0:
            yield part
            part = []
        else:
            part.append((token, minor))
    if part:
        yield part


def members_of(struct, body):
    for member in split(body, ";"):
        words, minor = [t for t, _ in member], member[0][1]
        pointer = next((i for i in range(len(words) - 2) if words[i:i + 2] == ["(", "*"] and words[i + 3:i + 4] == [")"]), None)
        if pointer is not None:
            yield Entry(f"{struct}.{words[pointer + 2]}", "member", words, minor)
            continue
        base = None
        for part in split(member, ","):
            part = [t for t, _ in part]
            at = max(i for i, t in enumerate(part) if re.match(r"[A-Za-z_]", t) and part[i + 1:i + 2] in ([], ["["]))
            if base is None:
                base = [t for t in part[:at]]
                while base and base[-1] == "*":
                    base.pop()
            stars = [t for t in part[:at] if t == "*"] if "{" not in part else []
            yield Entry(f"{struct}.{part[at]}", "member", base + stars + part[at + 1:], minor)


def constants_of(body):
    value, above = [], 0
    for constant in split(body, ","):
        words, minor = [t for t, _ in constant], constant[0][1]
        if len(words) > 1:
            value, above = words[2:], 0
        yield Entry(words[0], "constant", value + ["+", str(above)], minor)
        above += 1


def declared(part):
    """The entries of one top-level declaration."""
    words, minor = [t for t, _ in part], part[0][1]
    if "inline" in words:
        name = words[words.index("(", words.index("inline")) - 1]
        return [Entry(name, "helper", [], minor)]
    if words[:1] == ["enum"]:
        return list(constants_of(part[2:-2]))
    if "struct" in words[:2] and "{" in words:
        name = words[words.index("struct") + 1]
        last = len(words) - 1 - words[::-1].index("}")
        return [] if name.endswith("_") else list(members_of(name, part[words.index("{") + 1:last]))
    if words[0] == "typedef":
        name = words[words.index("(") - 1] if "(" in words else words[-2]
        return [Entry(name, "typedef", words, minor)]
    if "(" in words:
        return [Entry(words[words.index("(") - 1], "function", words, minor)]
    return []


def read(include):
    entries = []
    for path in headers(include):
        for part in statements(tokens_of(path, entries)):
            entries += [e for e in declared(part) if not e.name.endswith("_")]
    return entries


def minor_of(include):
    with open(os.path.join(include, "perdure", "status.h"), encoding="utf-8") as f:
        return int(re.search(r"#define PDR_ABI_MINOR (\d+)u", f.read())[1])


def structs_of(entries):
    """{struct: [members, in order]}"""
    structs = {}
    for entry in entries:
        if entry.kind == "member":
            structs.setdefault(entry.name.split(".")[0], []).append(entry)
    return structs


# ---- only growing ----

def shown(entry):
    return " ".join(entry.type) or entry.kind


def lost(old, new):
    """What the new headers no longer have, or have with another meaning."""
    by_name = {e.name: e for e in new}
    for entry in old:
        now = by_name.get(entry.name)
        if now is None:
            yield f"{entry.name}: found nothing; expected it as it was: {shown(entry)}"
        elif now.type != entry.type:
            yield f"{entry.name}: found {shown(now)}; expected it as it was: {shown(entry)}"


def moved(old, new):
    for struct, before in structs_of(old).items():
        now = structs_of(new).get(struct, [])
        for place, entry in enumerate(before):
            if place < len(now) and now[place].name != entry.name and any(e.name == entry.name for e in now):
                yield f"{struct}: found {now[place].name} in place {place + 1}; expected {entry.name}: members are only appended"
                break


def unfenced(old, new, minor):
    """What no frozen minor up to `minor` has must stand behind a fence of a later one."""
    known = {e.name for e in old}
    for entry in new:
        if entry.name not in known and entry.kind not in FREE and entry.minor <= minor:
            yield f"{entry.name}: found it outside of a fence; expected #if PDR_VISIBLE_MINOR >= {minor + 1} around it"


def check(include, frozen):
    new, faults = read(include), []
    for folder in frozen:
        minor, old = minor_of(folder), read(folder)
        late = f"1.{minor}: "
        faults += [late + words for words in (*lost(old, new), *moved(old, new), *unfenced(old, new, minor))]
    top = minor_of(include)
    faults += [f"{e.name}: found a fence of 1.{e.minor}; expected at most 1.{top}, the headers' own" for e in new if e.minor > top]
    return faults


# ---- where everything stands ----

def measured(include, compiler, entries):
    """{"sizeof STRUCT", "STRUCT.MEMBER", "CONSTANT": numbers as text}, of all that the headers' own minor has."""
    lines = []
    for struct, members in structs_of(entries).items():
        lines.append(f'printf("{struct} %zu\\n", sizeof({struct}));')
        for member in members:
            name = member.name.split(".")[1]
            lines.append(f'printf("{member.name} %zu, %zu\\n", offsetof({struct}, {name}), sizeof((({struct} *)0)->{name}));')
    lines += [f'printf("{e.name} %lld\\n", (long long){e.name});' for e in entries if e.kind == "constant"]
    includes = "".join(f"#include <perdure/{os.path.basename(path)}>\n" for path in headers(include))
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "measure.c"), os.path.join(folder, "measure")
        with open(source, "w", encoding="utf-8") as f:
            f.write(f"{includes}#include <stdio.h>\nint main(void)\n{{\n" + "\n".join(lines) + "\nreturn 0;\n}\n")
        subprocess.run([compiler, "-std=c11", "-DPDR_VISIBLE_MINOR=PDR_ABI_MINOR", f"-I{include}", source, "-o", program, "-lm"],
                       check=True)
        said = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return dict(line.split(" ", 1) for line in said.splitlines())


LAYOUT = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * Where ABI 1.{minor} has its members on 64-bit machines, as assertions: compiling this file is the test. Written by
 * scripts/freeze-abi. Compiled with PDR_VISIBLE_MINOR={minor} it also says how long each struct is.
 */
{includes}
#ifdef __cplusplus
#define HOLDS(fact, words) static_assert(fact, words)
#else
#define HOLDS(fact, words) _Static_assert(fact, words)
#endif
#define AT(type, member, offset, size) \\
    HOLDS(offsetof(type, member) == (offset) && sizeof(((type *)0)->member) == (size), #type "." #member " moved")
#define IS(name, value) HOLDS((name) == (value), #name " has another value")
#if PDR_VISIBLE_MINOR == {minor}
#define ENDS(type, size) HOLDS(sizeof(type) == (size), #type " has another length")
#else
#define ENDS(type, size) HOLDS(sizeof(type) >= (size), #type " is shorter")
#endif
"""


def layout(include, compiler):
    entries = read(include)
    at = measured(include, compiler, entries)
    includes = "".join(f"#include <perdure/{os.path.basename(path)}>\n" for path in headers(include))
    lines = [LAYOUT.format(minor=minor_of(include), includes=includes)]
    for struct, members in structs_of(entries).items():
        lines += [f"AT({struct}, {e.name.split('.')[1]}, {at[e.name]});" for e in members]
        lines.append(f"ENDS({struct}, {at[struct]});\n")
        offset, size = map(int, at[members[-1].name].split(", "))
        if offset + size != int(at[struct]):
            sys.exit(f"{struct}: found {int(at[struct]) - offset - size} bytes of tail padding; expected none (PDR_HAS)")
    lines += [f"IS({e.name}, {at[e.name]});" for e in entries if e.kind == "constant"]
    return "\n".join(lines) + "\n"


def main(command, include, *rest):
    if command == "minor":
        print(minor_of(include))
    elif command == "headers":
        print("\n".join(headers(include)))
    elif command == "names":
        print("\n".join(f"{e.name} 1.{e.minor}" for e in read(include)))
    elif command == "text":
        print("\n".join(f"{os.path.basename(path)} {' '.join(TOKEN.findall(uncommented(path)))}" for path in headers(include)))
    elif command == "layout":
        print(layout(include, *rest), end="")
    elif command == "check":
        faults = check(include, rest)
        print("\n".join(faults), end="\n" if faults else "")
        return 1 if faults else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
