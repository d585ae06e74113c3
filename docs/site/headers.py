"""headers.py FILE: what Doxygen reads of a header of the SDK (its INPUT_FILTER). The headers are written to be read as they
are; here their comments become Doxygen's, line for line, and what its parser of C cannot do is done for it:
`typedef struct X {..} X;` becomes a struct alone, and one comment behind several members is said of each."""
import glob
import os
import re
import sys

PAIR = "uint32_t struct_size, reserved;"
PAIR_TOLD = ("uint32_t struct_size; /**< sizeof of this struct on the side that filled it: see PDR_HAS */ "
             "uint32_t reserved; /**< 0 */")
SEVERAL = re.compile(r"^( *)((?:const )?\w+) (\w+(?:\[\d+\])?), (\w+(?:\[\d+\])?);( */\*\*<.*\*/)$", re.M)


SHOWN = "\1"


def defined(folder):
    """Names of the structs that some header has the members of."""
    text = "".join(open(f, encoding="utf-8").read() for f in glob.glob(folder + "/*.h"))
    return set(re.findall(r"struct (\w+) \{", text))


def escape(line):
    line = re.sub(r"([<>&#%\\@])", r"\\\1", line.replace("->", "\0")).replace("\0", "-\\>")
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", line)


def indent(line):
    return len(line) - len(line.lstrip(" "))


def close(out):
    """Ends what is shown at its last line that holds something; blank ones behind it are the comment's again."""
    last = max(i for i, line in enumerate(out) if line.strip(SHOWN + " "))
    out[last] += " @endverbatim"
    out[last + 1:] = [line.lstrip(SHOWN) for line in out[last + 1:]]


def lists(body):
    """Lines of a comment, without its stars: numbered rules and '-' stay lists, deeper indented ones are shown as they stand, and
    begin with SHOWN."""
    out, item, shown = [], None, False
    for line in body:
        bare = line.strip()
        if bare and item is not None and indent(line) <= item:
            item = None
        rule = re.match(r" ?(\d+) (?=\S)", line)
        start = False
        if rule or bare.startswith("- "):
            item = indent(line)
        else:
            start = item is None and indent(line) >= 2 and bare != ""
        if rule: # numbered as it is, as others name it by its number
            out.append(f"<p><b>{rule.group(1)}</b> {escape(line[rule.end():])}")
            continue
        if start and not shown:
            out[-1] += " @verbatim"
        if shown and not start and bare:
            close(out)
            shown = False
        shown = shown or start
        out.append(SHOWN + line if shown else escape(line))
    if shown:
        close(out)
    return out


def comment(match):
    text = match.group()
    opening = re.match(r"/\*\*<? ?(@file\n)?", text).group()
    lines = text[len(opening):-2].rstrip().split("\n")
    body = lines[:1] + [re.sub(r"^ *\* ?", "", line) for line in lines[1:]]
    if "<" in opening:
        body = [escape(re.sub(r"^ +", "", line)) for line in body]
    elif "@file" in opening:
        body = lists([re.sub(r"^ *\* ?", "", line) for line in lines])
    else:
        body = lists(body)
    told = opening + "\n * ".join(body) + " */" # with stars, else Doxygen takes a line's own for one
    return told.replace("\n * " + SHOWN, "\n ") # it would show them, too


def main():
    path = sys.argv[1]
    with open(path, encoding="utf-8") as f:
        text = f.read()
    known = "|".join(sorted(defined(os.path.dirname(path))))
    text = text.replace(PAIR, PAIR_TOLD)
    text = SEVERAL.sub(r"\1\2 \3;\5 \2 \4;\5", text)
    text = re.sub(rf"^typedef struct ({known}) (\1;).*$", "", text, flags=re.M)
    text = re.sub(rf"^typedef (struct ({known}) \{{.*?^\}}) \2;", r"\1;", text, flags=re.M | re.S)
    sys.stdout.write(re.sub(r"/\*\*(?!\*).*?\*/", comment, text, flags=re.S))


main()
