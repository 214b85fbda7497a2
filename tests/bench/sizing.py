#!/usr/bin/env python3
"""Measures what cameras of different sizes and rates cost: processor, disk and memory, as rows of the table in docs/operating.md.

usage: sizing.py [SECONDS of each]       (30 by default; needs `make bench-tools`)

The camera of tests/preload shows a texture of which every part moves, which costs more than a room in which little happens.
"""
import os
import subprocess
import sys
import time

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "tests", "e2e"))

from support import BUILD  # noqa: E402  pylint: disable=wrong-import-position
from support.rig import Rig  # noqa: E402  pylint: disable=wrong-import-position
from support.times import wait_for  # noqa: E402  pylint: disable=wrong-import-position

TICKS = os.sysconf("SC_CLK_TCK")
CAMERAS = [  # width, height, frames per second, bytes per JPEG, codec
    (640, 480, 30, 35000, "h264"), (1280, 720, 30, 80000, "h264"), (1280, 720, 60, 80000, "h264"), (1920, 1080, 30, 180000, "h264"),
    (1280, 720, 30, 80000, "mjpeg"),
]


def frames_file(folder, width, height, size):
    path = os.path.join(folder, f"{width}x{height}.frames")
    if not os.path.exists(path):
        tool = os.path.join(BUILD, "tests", "tools", "make_frames")
        subprocess.run([tool, "-s", f"{width}x{height}", "-n", "150", "-b", str(size), path], check=True)
    return path


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(folder, seconds, camera):
    width, height, fps, size, codec = camera
    settings = {"camera": {"width": width, "height": height, "fps": fps},
                "record": {"segment_seconds": 600, "preset": "superfast", "codec": codec}, "memory": {"minutes": 5, "max_mb": 1024},
                "motion": {"enabled": "yes"}}  # as shipped
    with Rig(settings, fps=str(fps), frames=frames_file(folder, width, height, size)) as rig:
        rig.start()
        wait_for(lambda: rig.children("ffmpeg"), 10, "the encoder runs")
        pids = [rig.recorderd.pid, *rig.children("ffmpeg")]
        before, kept, start = [cpu_seconds(pid) for pid in pids], rig.get("/recordings").json()[0]["size"], time.monotonic()
        time.sleep(seconds)
        spent = time.monotonic() - start
        shares = [(cpu_seconds(pid) - cpu) / spent * 100 for pid, cpu in zip(pids, before)]
        disk = (rig.get("/recordings").json()[0]["size"] - kept) / spent
        behind = rig.get("/camera_info").json()["recording"]["behind_seconds"]
    memory = fps * size * 60 / 1e6
    return (f"| {width}x{height}, {fps} fps, {codec} | {shares[0]:.1f} % | {sum(shares[1:]):.0f} % | {disk * 3600 / 1e9:.1f} GB | "
            f"{disk * 3600 * 72 / 1e9:.0f} GB | {memory:.0f} MB |" + (f" behind by {behind:.1f} s" if behind > 1 else ""))


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    folder = os.path.join(BUILD, "tests", "frames")
    os.makedirs(folder, exist_ok=True)
    print("| camera | recorderd | its FFmpeg | disk an hour | disk for 72 hours | memory a minute |\n|---|---|---|---|---|---|")
    for camera in CAMERAS:
        print(measure(folder, seconds, camera), flush=True)


main()
