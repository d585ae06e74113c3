#!/usr/bin/env python3
"""examples/own-strategy: one strategy in C, C++ and Rust, built outside the tree by every compiler that is there. All of them
give the same numbers to the bit, and the Rust declarations of the ABI are those of the headers, member for member."""
import functools
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from program import SOURCE, Case

FOLDER = os.path.join(SOURCE, "examples", "own-strategy")
INCLUDE = os.path.join(SOURCE, "sdk", "include")

ALIKE = ("name", "version", "summary", "state_version", "flags", "hooks", "parameters")


def compilers():
    """(method, target of the Makefile, variable, program): two of a language where there are two."""
    found = []
    for target, variable, names in (("c", "CC", ("gcc", "clang")), ("cxx", "CXX", ("g++", "clang++")),
                                    ("rust", "RUSTC", ("rustc", "/usr/bin/rustc"))):
        paths = dict.fromkeys(shutil.which(name) for name in names if shutil.which(name))
        found += [(f"{target}-{i}", target, variable, path) for i, path in enumerate(paths)]
    return found


@functools.lru_cache(maxsize=None)
def workshop():
    """A copy of the folder, for as long as the tests run: what is built of it as it stands is built once."""
    folder = tempfile.TemporaryDirectory(prefix="perdure-own-")
    copy = os.path.join(folder.name, "own")
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("*.so"))
    return folder, copy


class Own(Case):
    def setUp(self):
        super().setUp()
        self.compilers = compilers()
        missing = {"c", "cxx", "rust"} - {target for _, target, _, _ in self.compilers}
        if missing and os.environ.get("PERDURE_CI") == "1":
            self.fail(f"found no compiler for {sorted(missing)}; expected gcc or clang, g++ or clang++, rustc")
        self.copy = self.path("own")
        shutil.copytree(FOLDER, self.copy, ignore=shutil.ignore_patterns("*.so"))

    def built(self, method, target, variable, program, folder=None):
        """Warnings are errors here; the Makefile of a stranger only shows them."""
        folder = folder or workshop()[1]
        file = os.path.join(folder, method + ".so")
        strict = {"CFLAGS": "-O2 -Wshadow -Werror", "CXXFLAGS": "-O2 -Wshadow -Werror"}
        command = ["make", "-s", target, f"{variable}={program}", f"PERDURE_INCLUDE={INCLUDE}",
                   *(f"{k}={v}" for k, v in strict.items())]
        if not os.path.exists(file):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), f"{command}\n{done.stdout}")
            os.rename(os.path.join(folder, f"steady-{target}.so"), file)
        return file


class OwnStrategy(Own):
    def result_of(self, method):
        with open(self.path("out", "cells", method, "seed-0", "matrix.csv"), "rb") as f:
            matrix = f.read()
        return matrix, self.read_json("out", "cells", method, "seed-0", "result.json")["weights_sha256"]

    def test_all_languages_give_the_same_bits(self):
        files = {method: self.built(method, *rest) for method, *rest in self.compilers}
        with open(os.path.join(FOLDER, "scenario.yaml"), encoding="utf-8") as f:
            head = f.read().split("  - name: c\n")[0]
        rows = [f"  - {{name: {method}, strategies: [{{plugin: {file}}}]}}\n" for method, file in files.items()]
        self.write("all.yaml", head + "".join(rows))
        self.run_program("run", "all.yaml", "--out", "out", "--set", "seeds=[0]", "--set", "training.epochs=1")
        first = self.result_of("c-0")
        self.assertNotEqual(first, self.result_of("finetune"), "the strategy changed nothing")
        for method, *_ in self.compilers:
            self.assertEqual(self.result_of(method), first, method)
        for method, file in files.items():
            if method.endswith("-0"):
                self.run_program("plugin", "test", file)

    def test_the_scenario_names_what_make_builds(self):
        for target in {target for _, target, _, _ in self.compilers}:
            subprocess.run(["make", "-s", target, f"PERDURE_INCLUDE={INCLUDE}"], cwd=self.copy, check=True)
        if {target for _, target, _, _ in self.compilers} == {"c", "cxx", "rust"}:
            self.run_program("check", "own/scenario.yaml")

    def failing(self, method, target, variable, program):
        """The strategy with a fault in after_loss, and what the host should say of it."""
        name, before, fault, words = {
            "cxx": ("steady.cpp", "        if (!anchor)", "        throw std::bad_alloc();\n", "std::bad_alloc"),
            "rust": ("steady.rs", "        if self.anchor", "        None::<i32>.unwrap();\n",
                     "a panic; its words are on standard error")}[target]
        with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
            source = f.read()
        self.assertEqual(source.count(before), 1)
        self.write("own/" + name, source.replace(before, fault + before))
        self.built(method, target, variable, program, self.copy)
        return words

    def test_neither_exceptions_nor_panics_pass_the_border(self):
        with open(os.path.join(FOLDER, "scenario.yaml"), encoding="utf-8") as f:
            head = f.read().split("  - name: finetune\n")[0]
        for one in self.compilers:
            if one[1] != "c":
                method, words = one[0], self.failing(*one)
                self.write("one.yaml", head + f"  - {{name: {method}, strategies: [{{plugin: own/{method}.so}}]}}\n")
                said = self.run_program("run", "one.yaml", "--out", "out-" + method, "--set", "seeds=[0]", code=1).stderr
                self.assertIn(f"perdure: error: {method}/seed-0: strategy steady, hook after_loss, task 1, step 1: {words}\n", said)

    def test_descriptors_are_alike(self):
        said = []
        for one in self.compilers:
            shown = json.loads(self.run_program("plugin", "show", self.built(*one), "--json").stdout)
            said.append({key: shown[key] for key in ALIKE})
        for other in said[1:]:
            self.assertEqual(other, said[0])


# ---- the declarations: what both sides print of themselves ----

C_NAMES = {"Reals": "pdr_reals", "Param": "pdr_param", "Value": "pdr_value", "Block": "pdr_block", "Host": "pdr_host",
           "Task": "pdr_task", "Step": "pdr_step", "Eval": "pdr_eval", "Hooks": "pdr_hooks", "Plugin": "pdr_plugin",
           **{name + "Api": f"pdr_{name.lower()}_api"
              for name in ("Tensor", "Model", "Step", "Data", "Memory", "Rng", "State")}}
VERSIONS = {"PDR_ABI_MAJOR", "PDR_TARGET_MINOR", "PDR_ABI_VERSION"}
OTHER_WORDS = {("Param", "kind"): "type", ("Value", "value"): "as"}


def rust_text():
    with open(os.path.join(FOLDER, "perdure.rs"), encoding="utf-8") as f:
        return re.sub(r"//[^\n]*", "", f.read())


def rust_structs():
    """{name: [(member, type)]}"""
    found = {}
    for name, body in re.findall(r"pub struct (\w+) \{(.*?)\n\}", rust_text(), re.S):
        parts = re.split(r"\bpub (?:r#)?(\w+):", body)[1:]
        found[name] = [(parts[i], " ".join(parts[i + 1].split()).rstrip(", ")) for i in range(0, len(parts), 2)]
    return found


def c_member(struct, member):
    return OTHER_WORDS.get((struct, member), member)


def form_of(words):
    """What a type is to a caller: p, i32, u32, i64, u64 or f64."""
    words = words.strip()
    if "*" in words:
        return "p"
    words = re.sub(r"^(\w+): ", "", words)
    table = {"int64_t": "i64", "uint64_t": "u64", "int32_t": "i32", "uint32_t": "u32", "double": "f64", "void": "", "": ""}
    for name in ("pdr_status", "pdr_level", "pdr_dtype", "pdr_grad", "pdr_mode", "pdr_blend", "Status", "Level", "Dtype", "Grad",
                 "Mode", "Blend"):
        table[name] = "i32"
    first = words.split()[0] if words else ""
    return table.get(first, first)


def rust_functions():
    aliases = dict(re.findall(r"pub type (\w+) = (unsafe extern [^;]+);", rust_text()))
    found = {}
    for struct, members in rust_structs().items():
        for member, words in members:
            words = re.sub(r"^Option<(.*)>$", r"\1", words)
            whole = re.match(r'unsafe extern "C" fn\((.*)\)(?: -> (.*))?$', aliases.get(words, words))
            if whole and struct in C_NAMES:
                found[C_NAMES[struct], c_member(struct, member)] = [form_of(whole[2] or "")] + [
                    form_of(re.sub(r"^\w+: ", "", one.strip())) for one in whole[1].split(",") if one.strip()]
    return found


def c_text():
    text = ""
    for name in ("status", "param", "tensor", "host", "plugin"):
        with open(os.path.join(INCLUDE, "perdure", name + ".h"), encoding="utf-8") as f:
            text += re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    return re.sub(r"^\s*#[^\n]*", "", text, flags=re.M)


def c_functions():
    text = c_text()
    forms = {}  # pdr_map, pdr_zip, pdr_fold
    for result, name, arguments in re.findall(r"typedef ([\w ]+\*)(\w+)\(([^)]*)\);", text):
        forms[name] = [form_of(result)] + [form_of(one) for one in arguments.split(",")]
    found = {}
    for name, body in re.findall(r"struct (pdr_\w+) \{(.*?)\n\}", text, re.S):
        for form, member in re.findall(r"(pdr_\w+) \*(\w+);", body):
            if form in forms:
                found[name, member] = forms[form]
        for result, member, arguments in re.findall(r"([\w ]+?\**)\(\*(\w+)\)\(([^;]*?)\);", body):
            found[name, member] = [form_of(result)] + [form_of(one) for one in arguments.split(",")]
    return found


def rust_prints(structs, constants):
    lines = ["mod perdure;", "use perdure::*;", "fn size<T>(_: *const T) -> usize { std::mem::size_of::<T>() }", "fn main() {"]
    for struct, members in structs:
        lines.append(f"let u = std::mem::MaybeUninit::<{struct}>::uninit(); let p = u.as_ptr();")
        lines.append(f'println!("{C_NAMES[struct]} {{}}", size(p));')
        for member, _ in members:
            raw = "r#" + member if member in ("where", "impl") else member
            lines.append(f"let m = unsafe {{ std::ptr::addr_of!((*p).{raw}) }};")
            lines.append(f'println!("{C_NAMES[struct]}.{c_member(struct, member)} {{}} {{}}", m as usize - p as usize, size(m));')
    lines += [f'println!("PDR_{name} {{}}", {name} as i64);' for name in constants]
    return "\n".join(lines + ["}"]) + "\n"


def c_prints(structs, constants):
    lines = ["#include <perdure/perdure.h>", "#include <stdio.h>", "int main(void) {"]
    for struct, members in structs:
        name = C_NAMES[struct]
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        for member, _ in members:
            of = f"{name}, {c_member(struct, member)}"
            lines.append(f'printf("{name}.{c_member(struct, member)} %zu %zu\\n", offsetof({of}), '
                         f'sizeof((({name} *)0)->{c_member(struct, member)}));')
    lines += [f'printf("PDR_{name} %lld\\n", (long long)PDR_{name});' for name in constants]
    return "\n".join(lines + ["}"]) + "\n"


class Declarations(Own):
    def said(self, *command):
        subprocess.run(command, cwd=self.copy, check=True)
        return subprocess.run([os.path.join(self.copy, "says")], capture_output=True, text=True, check=True).stdout.split("\n")

    def test_layout_and_numbers_are_those_of_the_headers(self):
        rustcs = [path for _, target, _, path in self.compilers if target == "rust"]
        if not rustcs:
            self.skipTest("no rustc")
        structs = [(name, members) for name, members in rust_structs().items() if name in C_NAMES]
        self.assertEqual({name for name, _ in structs}, set(C_NAMES))
        constants = re.findall(r"pub const (\w+): (?!(?:Param|Hooks) )\w+ =", rust_text())
        enums = " ".join(re.findall(r"enum \{(.*?)\}", c_text(), re.S))
        self.assertEqual({"PDR_" + name for name in constants}, set(re.findall(r"\bPDR_[A-Z0-9_]+", enums)) | VERSIONS)
        self.write("own/says.c", c_prints(structs, constants))
        self.write("own/says.rs", rust_prints(structs, constants))
        expected = self.said("cc", "-std=c11", f"-I{INCLUDE}", "says.c", "-o", "says")
        for rustc in rustcs:
            self.assertEqual(self.said(rustc, "--edition", "2021", "says.rs", "-o", "says"), expected)

    def test_every_function_takes_what_the_headers_say(self):
        found, expected = rust_functions(), c_functions()
        self.assertEqual(found, {key: expected.get(key) for key in found})
        self.assertEqual(set(expected) - set(found), set())
        self.assertGreater(len(found), 130)


if __name__ == "__main__":
    unittest.main()
