"""Man pages and completions: nothing of the commands' table is missing in them, and those who read them can."""
import os
import re
import subprocess
import unittest

import installed

FISH = "share/fish/vendor_completions.d/perdure.fish"
BASH = "share/bash-completion/completions/perdure"
ZSH = "share/zsh/site-functions/_perdure"


class Words(installed.Case):
    def read(self, path):
        with open(self.at(path), encoding="utf-8") as f:
            return f.read()

    def commands(self):
        listed = self.perdure("help").stdout.split("\n\n")[2]
        found = re.findall(r"(?m)^  ([a-z]+) ", listed)
        self.assertGreater(len(found), 12)
        return found

    def options(self, command):
        return re.findall(r"(?m)^  --([a-z-]+)", self.perdure("help", command).stdout)

    def test_every_row_is_everywhere(self):
        bash, zsh, fish, program = (self.read(path) for path in (BASH, ZSH, FISH, "share/man/man1/perdure.1"))
        for command in self.commands():
            page = self.read(f"share/man/man1/perdure-{command}.1")
            self.assertIn(f".B perdure {command}\n", page)
            self.assertIn(f".TP\n\\fB{command}\\fR", program)
            self.assertRegex(zsh, rf"(?m)^    '{command}:")
            self.assertRegex(fish, rf"-n '__perdure_at 1' -a {command} ")
            for option in self.options(command):
                self.assertIn("\\fB\\-\\-" + option.replace("-", "\\-") + "\\fR", page)
                if option != "help":
                    part = re.search(rf"(?s)\n    {command}\)\n(.*?)\n(    \w+\)|    esac)\n", bash).group(1)
                    self.assertIn("--" + option, part)
                    self.assertRegex(re.search(rf"(?s)\n    {command}\)\n(.*?);;\n", zsh).group(1), rf"'\*?--{option}\[")
                    self.assertIn(f"'__perdure_is {command}' -l {option} ", fish)
        pages = {name for name in os.listdir(self.at("share/man/man1"))}
        self.assertEqual(pages, {f"perdure-{c}.1" for c in self.commands()} | {"perdure.1", "perdure-setup-torch.1"})

    def test_man_pages_are_well_formed(self):
        self.need("groff")
        for name in sorted(os.listdir(self.at("share/man/man1"))):
            done = self.run_in("groff", "-man", "-ww", "-Tascii", self.at("share/man/man1", name))
            self.assertEqual(done.stderr, "", name)
        self.assertRegex(re.sub(r"\x1b\[\d*m|.\x08", "", done.stdout), r"(?m)^ +perdure-verify RUN|NAME")
        shown = self.run_in("groff", "-man", "-Tascii", "-P-c", "-P-b", "-P-u", self.at("share/man/man1/perdure-run.1")).stdout
        self.assertIn("       perdure run SCENARIO [OPTIONS]\n", shown)
        self.assertIn("       --set KEY=VALUE\n              lays a value over the file: --set optimizer.lr=0.01; repeatable\n", shown)

    def bash(self, *words):
        """What bash is offered behind these words. Outside of its line editor compopt is refused, so it stands for itself."""
        script = (f". {self.at(BASH)}; compopt() {{ echo \"compopt $*\"; }}; COMP_WORDS=(perdure \"$@\"); "
                  "COMP_CWORD=$#; _perdure; printf '%s\\n' \"${COMPREPLY[@]}\"")
        return self.run_in("bash", "-c", script, "bash", *words).stdout.split("\n")[:-1]

    def test_bash(self):
        self.assertEqual(self.bash("mem"), ["compopt +o default", "memory"])
        self.assertEqual(self.bash("memory", ""), ["show", "verify", "compact"])
        self.assertEqual(self.bash("memory", "show", ""), [""])  # none: bash completes files
        self.assertEqual(self.bash("run", "x.yaml", "--re"), ["--resume"])
        self.assertEqual(self.bash("run", "--out", ""), ["compopt +o default -o dirnames", ""])
        self.assertEqual(self.bash("run", "--out", "=", "x"), ["compopt +o default -o dirnames", ""])
        self.assertEqual(self.bash("help", "ben"), ["bench"])

    def test_bash_script_is_clean(self):
        self.need("shellcheck")
        self.run_in("shellcheck", self.at(BASH))

    def test_fish(self):
        self.need("fish")
        self.write("runs/x.yaml", "")
        for line, offered in (("perdure mem", ["memory"]), ("perdure memory ", ["compact", "show", "verify"]),
                              ("perdure run --re", ["--resume"]), ("perdure memory show r", ["runs/"]),
                              ("perdure run --out r", ["runs/"]), ("perdure help ben", ["bench"])):
            told = self.run_in("fish", "-N", "-c", f"source {self.at(FISH)}; complete -C '{line}'").stdout
            self.assertEqual([one.split("\t")[0] for one in told.splitlines()], offered, line)

    def test_zsh(self):
        """In a terminal of zsh's own making, as its completion runs nowhere else."""
        self.need("zsh")
        self.run_in("zsh", "-n", self.at(ZSH))
        script = (f"zmodload zsh/zpty; zpty z zsh -f -i\n"
                  f"zpty -w z \"fpath=({self.at('share/zsh/site-functions')} \\$fpath); autoload -Uz compinit; compinit -D -u; echo rea''dy\"\n"
                  "zpty -r z out '*ready*'\n"
                  "zpty -n -w z $'perdure memory \\t\\t'\n"
                  "zpty -r z out '*compact*show*verify*'\n"
                  "zpty -n -w z $'\\C-uperdure run --res\\t'\n"
                  "zpty -r z out '*resume*'\n"
                  "zpty -d z; echo complete\n")
        done = subprocess.run(["zsh", "-f", "-c", script], cwd=self.folder, env={"PATH": os.environ["PATH"], "HOME": self.folder, "TERM": "xterm"},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.stdout, "complete\n", done.stderr)

    def test_by_the_user(self):
        self.perdure("help", "--files", "share")
        for path in ("man/man1/perdure-run.1", "bash-completion/completions/perdure"):
            with open(self.path("share", path), encoding="utf-8") as f:
                self.assertEqual(f.read(), self.read("share/" + path))
        done = self.perdure("help", "run", "--files", "share", code=64)
        self.assertEqual(done.stderr, "perdure: error: help: --files: found run beside it; expected no command, as it writes all\n")
        self.write("file", "")
        self.assertIn("file", self.perdure("help", "--files", "file", code=73).stderr)


if __name__ == "__main__":
    unittest.main()
