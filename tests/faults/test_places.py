#!/usr/bin/env python3
"""Where a run writes: file systems that are full or read-only, limits on files, folders that are removed, standard streams that
are closed. What is said is compared word for word, and then the same command goes on."""
import ctypes
import os
import resource
import signal
import subprocess
import time
import unittest

from faults import PROGRAM, Done, environment, scenario
from shown import Shown, main, said, shows

CLONE_NEWNS, CLONE_NEWUSER, MS_RDONLY, MS_REC, MS_PRIVATE, MS_REMOUNT = 0x20000, 0x10000000, 1, 0x4000, 0x40000, 32


class Places(Shown):
    def go(self, *command, before=lambda: None, out=subprocess.PIPE, err=subprocess.PIPE):
        done = subprocess.run(command or (PROGRAM, "run", "s.yaml"), cwd=self.place.folder, env=environment(), stdout=out,
                              stderr=err, stdin=subprocess.DEVNULL, text=True, timeout=300, check=False, preexec_fn=before)
        return Done(done.returncode, done.stdout or "", (done.stderr or "").replace(self.place.folder, "@"))

    # ---- limits and file systems ----

    @shows("I5", "files may not grow beyond 4 KiB (`ulimit -f 4`)",
           "exit 1\nwarning: run/cells/cell/seed-0/events.out.tfevents.N: cannot be written: File too large: TensorBoard's "
           "events end here; log.jsonl has every point\n"
           "error: run/cells/cell/seed-0/checkpoints/.tmp-N/state.safetensors: cannot be written: File too large\n"
           "warning: report.html was not written: run/report.html: found a fault while writing: File too large\n"
           "without the limit the same command ends with the same bits")
    def test_file_size_limit(self):
        done = self.go(before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        return f"{said(done)}\nwithout the limit {self.again()}"

    def mounted(self, size, script):
        """Runs a shell script where `run` is a file system of its own, in name spaces of its own."""
        words = f"mount -t tmpfs -o size={size} none run && {{ {script}; }}"
        libc = ctypes.CDLL(None, use_errno=True)
        flags = CLONE_NEWNS | (0 if os.geteuid() == 0 else CLONE_NEWUSER)
        ids = (os.getuid(), os.getgid())

        def alone():
            if libc.unshare(flags) != 0:
                os._exit(99)
            if flags & CLONE_NEWUSER:
                for name, text in (("setgroups", "deny"), ("uid_map", f"0 {ids[0]} 1"), ("gid_map", f"0 {ids[1]} 1")):
                    with open(f"/proc/self/{name}", "w", encoding="ascii") as f:
                        f.write(text)
            if libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
                os._exit(99)
        done = self.go("bash", "-c", words, before=alone)
        if done.code == 99 or "mount: " in done.err:
            self.skipTest(f"no file system may be mounted here: {done.err}")
        return done

    @shows("I1", "a file system of 52 KiB that is full in the middle of a save, and then has room",
           "exit 1\nerror: run/cells/cell/seed-0/checkpoints/.tmp-N/state.safetensors: cannot be written: No space left on "
           "device\nwarning: report.html was not written: run/report.html: found a fault while writing: No space left on device\n"
           "1 whole checkpoint stays, and nothing half done; with more room the same command ends with the same bits")
    def test_full_file_system(self):
        keep = "cp -a run kept; umount run; cp -a kept/. run; exit $code"
        done = self.mounted("52k", f"{PROGRAM} run s.yaml; code=$?; {keep}")
        found = os.listdir(self.place.path("run", "cells", "cell", "seed-0", "checkpoints"))
        steps = [name for name in found if name.startswith("step-")]
        half = [name for name in found if name.startswith(".")]
        return (f"{said(done)}\n{len(steps)} whole checkpoint stays, and {half or 'nothing'} half done; "
                f"with more room {self.again()}")

    @shows("I3", "a file system that may only be read",
           "exit 73\nerror: run/.lock: cannot be created: Read-only file system")
    def test_read_only_file_system(self):
        return said(self.mounted("1m", f"mount -o remount,ro run; {PROGRAM} run s.yaml"))

    @shows("I3", "a finished run, on a file system that may only be read since, is asked for again",
           "exit 73\nerror: run/.lock: cannot be created: Read-only file system")
    def test_read_only_since(self):
        return said(self.mounted("1m", f"{PROGRAM} run s.yaml 2>/dev/null; mount -o remount,ro run; {PROGRAM} run s.yaml"))

    # ---- what vanishes ----

    @shows("I4", "the run folder is removed while a cell trains",
           "exit 0\nthe folder is made anew with the checkpoints and the result; gone are log.jsonl, plan.json, scenario.yaml; "
           "the same command has nothing left to do")
    def test_removed_folder(self):
        with open(self.place.path("s.yaml"), "w", encoding="utf-8") as f:
            f.write(scenario(epochs=100, every="{batches: 1000}"))  # a save is over long before the next one
        run = self.place.start()
        cell = self.place.path("run", "cells", "cell", "seed-0")
        while run.poll() is None and not os.path.islink(os.path.join(cell, "checkpoints", "latest")):
            time.sleep(0.001)
        time.sleep(0.05)
        os.rename(self.place.run, self.place.path("gone"))
        out, err = run.communicate(timeout=120)
        here = os.listdir(self.place.run) + os.listdir(cell)
        lost = sorted(n for n in ("scenario.yaml", "plan.json", "log.jsonl", "checkpoints", "result.json") if n not in here)
        again = self.place.go()
        return (f"{said(Done(run.returncode, out, err))}\nthe folder is made anew with the checkpoints and the result; gone are "
                f"{', '.join(lost)}; the same command " +
                ("has nothing left to do" if "1 of 1 cells are finished already" in again.err else said(again)))

    # ---- standard streams ----

    @shows("I8", "standard output is closed", "exit 74\nerror: standard output: cannot be written: Bad file descriptor\n"
           "the results are there: the same command ends with the same bits")
    def test_closed_output(self):
        done = self.go(before=lambda: os.close(1), out=None)
        return f"{said(done)}\nthe results are there: {self.again()}"

    @shows("I8", "standard input, output and error are closed",
           "exit 74\nnothing that was meant for them is in a file; the same command ends with the same bits")
    def test_closed_streams(self):
        done = self.go(before=lambda: [os.close(i) for i in (0, 1, 2)], out=None, err=None)
        with open(self.place.path("run", ".lock"), encoding="utf-8") as f:
            lines = f.read().splitlines()
        whole = len(lines) == 1 and len(lines[0].split()) == 3
        return f"{said(done)}\n{'nothing' if whole else lines} that was meant for them is in a file; {self.again()}"

    @shows("I8", "who reads standard output and error is gone (SIGPIPE)",
           "exit 74\nthe results are there: the same command ends with the same bits")
    def test_nobody_reads(self):
        read, write = os.pipe()
        os.close(read)
        done = self.go(before=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL), out=write, err=write)
        os.close(write)
        return f"{said(done)}\nthe results are there: {self.again()}"

    @shows("I8", "standard output is a full disk (`/dev/full`)",
           "exit 74\nerror: standard output: cannot be written: No space left on device\nthe results are there: "
           "the same command ends with the same bits")
    def test_full_output(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = self.go(out=full)
        return f"{said(done)}\nthe results are there: {self.again()}"


if __name__ == "__main__":
    main()
