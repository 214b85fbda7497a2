#!/usr/bin/env python3
"""Every command in the README and docs/ works as printed: in a shell, in a folder of its own, next to a running recorder."""
import glob
import os
import re
import subprocess
import sys
import time

from support import BUILD, PROJECT
from support.rig import Rig, program
from support.tap import chosen, comment, show_logs
from support.times import PATIENCE_S, US, wait_for

TEXTS = ["README.md", *sorted(glob.glob("docs/*.md", root_dir=PROJECT))]
RECORDED_S = 22  # the examples go back to -20s
FRAMES = os.path.join(BUILD, "tests", "frames", "moving.frames")  # something moves in them, and has stopped before the examples run
PROGRAMS = r"(?:[A-Z_]+=\S+ )?(?:curl|recorderd|recorder-api|recorder-live|make|apt|apt-get|systemctl|lighttpd|htpasswd|docker|podman|sudo)\b"

# Commands that install something, or run until they are stopped, are tested elsewhere.
ELSEWHERE = {
    "make all && sudo make install": "tests/systems", "sudo /usr/local/share/recorder/set-up": "tests/systems",
    "sudo /usr/share/recorder/let-in": "tests/systems", "sudo apt install lighttpd-mod-openssl": "other programs",
    "sudo apt install wireguard": "other programs", "sudo systemctl enable --now wg-quick@wg0": "other programs",
    "recorderd -c recorder.ini &": "tests/systems", "make run": "test_run.py", "make test": "this is it", "make deb": "tests/install", "sudo apt install ./build/deb": "tests/install",
    "sudo systemctl enable --now recorderd@camera": "tests/install", "make bench": "tests/bench",
    "sudo apt install v4l2loopback": "other programs", "sudo modprobe v4l2loopback": "tests/camera",
    "sudo recorderd -c /etc/recorder": "tests/install", "htpasswd": "webserver_suite.py", "recorderd -c /etc/recorder -n door": "test_neighbours.py", "RECORDER_CONFIG=/etc/recorder recorder-api": "webserver.py",
}


def commands():
    """Indented lines, and table cells (where a pipe is written with a backslash), that begin with a program and have arguments."""
    for name in TEXTS:
        with open(os.path.join(PROJECT, name), encoding="utf-8") as file:
            text = file.read()
        yield from re.findall(rf"^ {{4}}({PROGRAMS}.*)$", text, re.M)
        yield from (cell.replace("\\|", "|") for cell in re.findall(rf"^\| `({PROGRAMS} [^`]*)` \|", text, re.M))


def is_elsewhere(line):
    return any(line.startswith(begin) for begin in ELSEWHERE)


def as_typed(line, port, at):
    """The command for this port; dates in examples are replaced by ones with footage."""
    stamps = iter((at, at + 3))
    line = line.replace("localhost:5000", f"localhost:{port}")
    return re.sub(r"\d{8}_\d{6}", lambda _: time.strftime("%Y%m%d_%H%M%S", time.localtime(next(stamps))), line)


def run_line(rig, line):
    with open(rig.path(".curlrc"), "w", encoding="ascii") as settings:
        settings.write("fail\nsilent\nshow-error\nmax-time = 60\n")
    path = os.path.dirname(program("recorderd")) + ":" + os.environ["PATH"]
    environment = dict(os.environ, CURL_HOME=rig.folder, PATH=path)
    return subprocess.run(["timeout", "120", "bash", "-c", line], cwd=rig.folder, env=environment, capture_output=True, check=False)


def recorded(rig):
    """The second from which on there is footage, once there is enough for the examples."""
    begin_s = rig.camera.frames()[0].wall_us // US + 1
    wait_for(lambda: rig.newest_indexed_us() > (begin_s + RECORDED_S) * US, RECORDED_S + PATIENCE_S, "there is footage to ask for")
    return begin_s


def prepare(rig, line):
    """Switches recording on, and keeps the clip that an example deletes, whichever examples ran before."""
    rig.restore()
    name = re.search(r"-X DELETE \S*/clips/(\w+)\.mp4", line)
    if name and name[1] + ".mp4" not in [one["file"] for one in rig.get("/clips").json()]:
        assert rig.get(f"/clips?from=-20s&to=-2s&name={name[1]}", "POST").status == 201


def main():
    lines = chosen([line for line in commands() if not is_elsewhere(line)], sys.argv[1:], title=str)
    print(f"1..{len(lines)}", flush=True)
    failed = 0
    with Rig({"http": {"allow_control": "yes"}, "motion": {"enabled": "yes"}}, frames=FRAMES) as rig:
        rig.start()
        begun = recorded(rig)
        for number, line in enumerate(lines, 1):
            prepare(rig, line)
            done = run_line(rig, as_typed(line, rig.port, begun + 5))
            good = done.returncode == 0
            failed += not good
            print(f"{'ok' if good else 'not ok'} {number} - {line}".replace("#", "\\#"), flush=True)
            if not good:
                comment(f"exit status {done.returncode}: {done.stderr.decode(errors='replace')}")
        if failed:
            show_logs(rig)
    sys.exit(1 if failed else 0)


main()
