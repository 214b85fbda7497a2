#!/usr/bin/env python3
"""Measures what each web server costs in front of the same recorder, with a camera of 1280x720 at 60 frames per second and about 80 KB per frame.

usage: webservers.py [VIEWERS...]        (1 10 100 by default; needs `make bench-tools`)

For each server and number of viewers: pictures a second, their age (camera to a viewer's last byte), and what the server's own
processes take of the CPU and of memory; then the speed of a download. Prints all figures as JSON at the end.
"""
import json
import os
import subprocess
import sys
import time

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "tests", "e2e"))

from support import BUILD, webserver  # noqa: E402  pylint: disable=wrong-import-position
from support.rig import Rig  # noqa: E402  pylint: disable=wrong-import-position

FRAMES = os.path.join(BUILD, "tests", "frames", "hd.frames")
PROGRAM = os.path.join(BUILD, "tests", "bench", "viewers")
TICKS = os.sysconf("SC_CLK_TCK")
SECONDS = 8
SETTINGS = {
    "camera": {"width": 1280, "height": 720, "fps": 60},
    "record": {"segment_seconds": 60, "preset": "ultrafast"},
    "memory": {"minutes": 1, "max_mb": 512},
    "motion": {"enabled": "yes"},  # as shipped
}
figures = {}


def session(pid):
    """The processes of the server's session that run its own program, without the workers that lighttpd starts."""
    own = os.readlink(f"/proc/{pid}/exe")
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getsid(int(entry)) == pid and os.readlink(f"/proc/{entry}/exe") == own:
                found.append(int(entry))
        except OSError:
            continue
    return found


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def pss_mb(pids):
    """Shared pages are counted once."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as rollup:
            total += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return total / 1024


def watch(rig, name, count):
    viewers = subprocess.Popen([PROGRAM, "-n", str(count), "-w", "2", "-t", str(SECONDS), str(rig.port)], stdout=subprocess.PIPE, text=True)
    viewers.stdout.readline()  # "counting"
    pids = session(rig.web.pid)
    begun, cpu = time.monotonic(), cpu_seconds(pids)
    time.sleep(SECONDS - 1)
    share, memory = (cpu_seconds(pids) - cpu) / (time.monotonic() - begun), pss_mb(pids)
    live = json.loads(viewers.communicate()[0].splitlines()[-1])
    figures[name][count] = {"live": live, "cpu": share, "pss_mb": memory}
    age = live["age_ms"]
    print(f"{name:9} {count:4} viewers: {live['fps']['min']:.1f} pictures/s at the slowest, age {age['median']:.1f} ms median and "
          f"{age['p99']:.1f} ms 99 %, {share * 100:.0f} % of a core, {memory:.1f} MB in {len(pids)} processes", flush=True)


def download(rig, name):
    output = subprocess.run(["curl", "-s", "-o", os.devnull, "-w", "%{time_starttransfer} %{speed_download} %{size_download}",
                             f"http://127.0.0.1:{rig.port}/footage?from=-20s&to=-2s"], capture_output=True, text=True, check=True)
    first, speed, size = map(float, output.stdout.split())
    figures[name]["download"] = {"first_byte_ms": first * 1e3, "mb_per_s": speed / 1e6}
    print(f"{name:9} a clip of {size / 1e6:.0f} MB: {first * 1e3:.1f} ms to the first byte, {speed / 1e6:.0f} MB/s", flush=True)


def main():
    counts = [int(count) for count in sys.argv[1:]] or [1, 10, 100]
    for name, server in webserver.SERVERS.items():
        if not server.installed():
            continue
        os.environ["WEB_SERVER"] = name
        figures[name] = {}
        with Rig(SETTINGS, fps="60", frames=FRAMES) as rig:
            rig.camera.fault("stamp")
            rig.start()
            for count in counts:
                watch(rig, name, count)
            download(rig, name)
    print(json.dumps(figures))


main()
