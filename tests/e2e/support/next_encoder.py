#!/usr/bin/env python3
"""
Stops the next FFmpeg among a process's descendants as soon as it runs. This is a program of its own, because a test might look only after it has
ended.

    next_encoder.py PARENT      prints "ready", then the process id of the stopped FFmpeg
"""
import contextlib
import os
import signal
import subprocess
import sys
import time

LOOK_EVERY_S = 0.005


def below(parent, name):
    """Process ids of a process's descendants with that name."""
    parents, found = {}, []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
            text = stat.read()
            fields = text[text.rindex(")") + 2:].split()
            if fields[0] != "Z":
                parents[int(entry)] = (int(fields[1]), text[text.index("(") + 1:text.rindex(")")])
    for pid, (above, command) in parents.items():
        while command == name and above in parents and above != parent:
            above = parents[above][0]
        if command == name and above == parent:
            found.append(pid)
    return found


class NextEncoder:
    """The next FFmpeg of a rig's workers. pid() waits for it; it is stopped until somebody sends it SIGCONT."""

    def __init__(self, rig):
        self.watch = subprocess.Popen([sys.executable, os.path.abspath(__file__), str(rig.web.pid)], stdout=subprocess.PIPE, text=True)
        assert self.watch.stdout.readline() == "ready\n"

    def pid(self):
        with self.watch:
            found = self.watch.stdout.readline()
        assert found, "no FFmpeg runs"
        return int(found)


def main():
    parent, patience_s = int(sys.argv[1]), 60
    others, until = set(below(parent, "ffmpeg")), time.monotonic() + patience_s
    print("ready", flush=True)
    while time.monotonic() < until and os.path.exists(f"/proc/{parent}"):
        for pid in set(below(parent, "ffmpeg")) - others:
            os.kill(pid, signal.SIGSTOP)
            print(pid, flush=True)
            return 0
        time.sleep(LOOK_EVERY_S)
    return 1


if __name__ == "__main__":
    sys.exit(main())
