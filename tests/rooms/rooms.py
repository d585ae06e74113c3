#!/usr/bin/env python3
"""rooms.py ROOT: who may include whom. One line a breach, `FILE:LINE: found X; expected Y`; exit 1 when there is one.

The rooms of core/ stand in the order of the data's way. A room includes itself and the rooms before it; some stand alone and
include less (ALONE). The table of contents, core/perdure.c, may include every room.
"""
import os
import re
import sys

ORDER = ["base", "scenario", "engine", "data", "memory", "plugin", "plan", "evaluate", "record", "train", "run", "conform",
         "report", "cli"]
ALONE = {"base": set(), "scenario": {"base"}, "engine": {"base"},
         "memory": {"base", "scenario", "engine"},  # stores rows, whatever stream they come from
         "evaluate": {"base"}}                      # metrics are pure functions of a matrix
C_HEADERS = {name + ".h" for name in
             "assert complex ctype errno fenv float inttypes limits locale math setjmp signal stdalign stdarg stdatomic "
             "stdbool stddef stdint stdio stdlib string tgmath time wchar wctype".split()}
ENGINE_ONLY = ("torch/", "ATen/", "c10/", "caffe2/", "cuda", "nccl")
OWNER = {"yaml.h": "scenario",   # after the plan nothing reads YAML
         "curl/curl.h": "data"}  # and only `data fetch` speaks to a net
SOURCES = (".c", ".h", ".cpp", ".hpp", ".cc", ".cxx", ".cu", ".cuh")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]*)"|<([^>]*)>|(\S+))')
WORDS_OR_COMMENTS = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.S)
REFUSED = [(re.compile(r"\bdlclose\b"), "dlclose", "objects that stay loaded"),
           (re.compile(r"\bpickle|\bUnpickler\b"), "pickle", "formats that cannot run code"),
           (re.compile(r"\btorch\s*::\s*load\b"), "torch::load", "formats that cannot run code")]
EXCUSED = {("core/plugin/probe.c", "dlclose")}  # in a child that ends with it: whether a destructor kills
CPP_TREES = ("core/engine/", "bench/", "examples/own-strategy/", "sdk/template-cxx/")  # the last two show how it is done


def allowed_rooms(room):
    return ALONE.get(room, set(ORDER[:ORDER.index(room)])) | {room}



class Check:
    def __init__(self, root):
        self.root = root
        self.breaches = []
        self.files = 0

    def breach(self, path, line, found, expected):
        self.breaches.append("%s:%d: found %s; expected %s" % (path, line, found, expected))

    def beside(self, path, name):
        return os.path.exists(os.path.join(self.root, os.path.dirname(path), name))

    def core_quoted(self, path, line, room, name):
        other = name.split("/")[0]
        if "/" not in name and self.beside(path, name):
            return
        if name.startswith(ENGINE_ONLY) and room != "engine":
            self.breach(path, line, '"%s"' % name, "LibTorch and CUDA only in core/engine")
        elif "/" not in name or other not in ORDER:
            self.breach(path, line, '"%s"' % name, 'an include written "room/file.h"')
        elif room is not None and other not in allowed_rooms(room):
            self.breach(path, line, '"%s"' % name, "room %s to include only %s"
                        % (room, ", ".join(r for r in ORDER if r in allowed_rooms(room))))
        elif name.endswith((".hpp", ".cuh")) and room != "engine":
            self.breach(path, line, '"%s"' % name, "C++ only in core/engine")

    def core_system(self, path, line, room, name):
        if name.split("/")[0] in ORDER:
            self.breach(path, line, "<%s>" % name, 'an include written "room/file.h"')
        elif room != "engine" and name.startswith(ENGINE_ONLY):
            self.breach(path, line, "<%s>" % name, "LibTorch and CUDA only in core/engine")
        elif room != "engine" and not name.endswith(".h"):
            self.breach(path, line, "<%s>" % name, "C++ only in core/engine")
        elif room is not None and OWNER.get(name, room) != room:
            self.breach(path, line, "<%s>" % name, "it only in core/%s" % OWNER[name])

    def core_include(self, path, line, quoted, system):
        parts = path.split("/")
        room = parts[1] if len(parts) > 2 else None
        if room is not None and room not in ORDER:
            return  # said once for the file
        if quoted:
            self.core_quoted(path, line, room, quoted)
        else:
            self.core_system(path, line, room, system)

    def plugin_include(self, path, line, quoted, system):
        """A strategy sees the SDK, C's own headers and the files beside it."""
        if quoted and ("/" in quoted or not self.beside(path, quoted)):
            self.breach(path, line, '"%s"' % quoted, "<perdure/...>, a header of C or a file of the plugin's folder")
        elif path.endswith(".cpp") and system and re.fullmatch("[a-z_]+", system):
            return  # of C++'s own library
        elif system and not system.startswith("perdure/") and system not in C_HEADERS:
            self.breach(path, line, "<%s>" % system, "<perdure/...> or a header of C")

    def sdk_include(self, path, line, quoted, system):
        if quoted:
            good = "/" not in quoted and self.beside(path, quoted)
        elif system.startswith("perdure/"):
            good = os.path.exists(os.path.join(self.root, "sdk/include", system))
        else:
            good = system in C_HEADERS
        if not good:
            self.breach(path, line, '"%s"' % quoted if quoted else "<%s>" % system,
                        "a header of perdure/ that is there, or one of C")

    def words(self, path, text):
        """Calls that stay out of core, whether or not their header is included."""
        bare = WORDS_OR_COMMENTS.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
        for number, line in enumerate(bare.split("\n"), 1):
            for pattern, what, expected in REFUSED:
                if pattern.search(line) and (path, what) not in EXCUSED:
                    self.breach(path, number, what, expected)

    def file(self, path, rule):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as stream:
            text = stream.read()
        self.files += 1
        parts = path.split("/")
        if parts[0] == "core" and len(parts) > 2 and parts[1] not in ORDER:
            self.breach(path, 1, "room %s" % parts[1], "one of %s" % ", ".join(ORDER))
        if not path.endswith((".c", ".h")) and not path.startswith(CPP_TREES):
            self.breach(path, 1, "a file of C++", "C++ only in core/engine and bench")
        without_comments = WORDS_OR_COMMENTS.sub(
            lambda m: m.group() if m.group()[0] in "\"'" else re.sub(r"[^\n]", " ", m.group()), text)
        lines = without_comments.split("\n")
        for number, line in enumerate(lines, 1):
            following = number
            while line.endswith("\\") and following < len(lines):  # a line that goes on in the next one
                line = line[:-1] + lines[following]
                following += 1
            match = INCLUDE.match(line)
            if match and match.group(3):
                self.breach(path, number, "an include by macro", "one that can be read")
            elif match:
                rule(path, number, match.group(1), match.group(2))
        if path.startswith("core/"):
            self.words(path, text)

    def tree(self, folder, rule):
        for where, folders, names in os.walk(os.path.join(self.root, folder)):
            folders.sort()
            for name in sorted(names):
                if name.endswith(SOURCES):
                    self.file(os.path.relpath(os.path.join(where, name), self.root), rule)

    def run(self):
        self.tree("core", self.core_include)
        self.tree("plugins", self.plugin_include)
        self.tree("examples", self.plugin_include)
        self.tree("sdk/template", self.plugin_include)
        self.tree("sdk/template-cxx", self.plugin_include)
        self.tree("sdk/include", self.sdk_include)
        self.uses()
        return self.breaches

    def uses(self):
        """The arrows as CMake has them: USES of each room."""
        for room in ORDER:
            path = "core/%s/CMakeLists.txt" % room
            if not os.path.exists(os.path.join(self.root, path)):
                continue
            with open(os.path.join(self.root, path), encoding="utf-8") as stream:
                text = re.sub(r"#[^\n]*", "", stream.read())
            for call in re.finditer(r"perdure_room\s*\(([^)]*)\)", text):
                used = re.search(r"\bUSES\b(.*?)(?:\b[A-Z]{4,}\b|$)", call.group(1), re.S)
                for other in used.group(1).split() if used else []:
                    if other not in allowed_rooms(room):
                        at = call.start(1) + used.start()
                        self.breach(path, text[:at].count("\n") + 1, "USES %s" % other,
                                    "only %s" % ", ".join(r for r in ORDER if r in allowed_rooms(room)))


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    found = Check(sys.argv[1])
    for line in found.run():
        print(line)
    print("%d files, %d breaches" % (found.files, len(found.breaches)))
    return 1 if found.breaches or not found.files else 0


if __name__ == "__main__":
    sys.exit(main())
