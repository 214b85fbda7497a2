#!/usr/bin/env python3
"""Every curl line of the README works as it is printed: in a shell, in a folder of its own, against a running recorder."""
import os
import re
import subprocess
import sys
import time

import rig as rigs
from rig import Rig, wait_for

README = os.path.join(rigs.PROJECT, "README.md")
RECORDED_S = 22  # the examples go back to -20s


def curl_lines():
    """Indented lines, and cells of tables (in which a pipe is written with a backslash)."""
    with open(README, encoding="utf-8") as readme:
        text = readme.read()
    indented = re.findall(r"^ {4}(curl .*)$", text, re.M)
    cells = [cell.replace("\\|", "|") for cell in re.findall(r"^\| `(curl [^`]*)` \|", text, re.M)]
    return indented + cells


def as_typed(line, port, at):
    """On this port; the dates of the examples become ones of which there is footage."""
    stamps = iter((at, at + 3))
    line = line.replace("localhost:5000", f"localhost:{port}")
    return re.sub(r"\d{8}_\d{6}", lambda _: time.strftime("%Y%m%d_%H%M%S", time.localtime(next(stamps))), line)


def run_line(rig, line):
    with open(rig.path(".curlrc"), "w", encoding="ascii") as settings:
        settings.write("fail\nsilent\nshow-error\nmax-time = 20\n")
    environment = dict(os.environ, CURL_HOME=rig.folder)
    return subprocess.run(["bash", "-c", line], cwd=rig.folder, env=environment, capture_output=True, check=False)


def main():
    lines = curl_lines()
    print(f"1..{len(lines)}", flush=True)
    failed = 0
    with Rig({"http": {"allow_control": "yes"}}) as rig:
        rig.start()
        begun = time.time()
        wait_for(lambda: time.time() > begun + RECORDED_S, RECORDED_S + 10, "there is footage to ask for")
        for number, line in enumerate(lines, 1):
            done = run_line(rig, as_typed(line, rig.port, int(begun) + 5))
            good = done.returncode == 0
            failed += not good
            print(f"{'ok' if good else 'not ok'} {number} - {line}".replace("#", "\\#"), flush=True)
            if not good:
                rigs.comment(f"exit status {done.returncode}: {done.stderr.decode(errors='replace')}")
        if failed:
            rigs.show_logs(rig)
    sys.exit(1 if failed else 0)


main()
