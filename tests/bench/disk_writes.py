#!/usr/bin/env python3
"""Measures how much a recorder writes to its disk at different values of record.sync_seconds, as rows of a table in docs/operating.md.

usage: disk_writes.py [SECONDS of each]       (240 by default; needs root and `make bench-tools`)

The recordings are on an ext4 of their own, and its loop device counts what reaches it: footage, index and journal.
"""
import contextlib
import os
import subprocess
import sys
import time

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "tests", "e2e"))

from support import BUILD  # noqa: E402  pylint: disable=wrong-import-position
from support.mounted import FileSystem, run  # noqa: E402  pylint: disable=wrong-import-position
from support.rig import Rig  # noqa: E402  pylint: disable=wrong-import-position
from support.times import wait_for  # noqa: E402  pylint: disable=wrong-import-position

DISK_MB = 2048
SECTOR_BYTES = 512       # of /sys/block/*/stat, whatever the device's own size is
SETTLE_S = 15            # until ext4 has written what creating its files has left to do
DAY_S = 86400
SCENES = [("everything moves", 150), ("nothing moves", 1)]  # with that many different frames
SYNC_SECONDS = (1, 10)


def frames_file(folder, count):
    path = os.path.join(folder, f"1280x720-{count}.frames")
    if not os.path.exists(path):
        tool = os.path.join(BUILD, "tests", "tools", "make_frames")
        subprocess.run([tool, "-s", "1280x720", "-n", str(count), "-b", "80000", path], check=True)
    return path


class Disk:
    def __init__(self, rig):
        self.system = FileSystem(rig.folder, DISK_MB)
        self.path = rig.recordings
        os.mkdir(self.path)
        self.system.mount(self.path)

    def written(self):
        """(bytes, write requests, flush requests) so far (Documentation/block/stat.rst)."""
        with open(f"/sys/block/{os.path.basename(self.system.device)}/stat", encoding="ascii") as stat:
            fields = [int(field) for field in stat.read().split()]
        return fields[6] * SECTOR_BYTES, fields[4], fields[15]

    def close(self):
        run("umount", "-l", self.path)
        self.system.detach()


def footage_bytes(rig):
    return sum(one["size"] for one in rig.get("/recordings").json())


def measure(seconds, frames, sync_seconds):
    """(footage, written, requests, flushes, frames per second), all but the last scaled to a day."""
    settings = {"camera": {"width": 1280, "height": 720},
                "record": {"preset": "superfast", "segment_seconds": 120, "sync_seconds": sync_seconds},
                "motion": {"enabled": "yes"}}  # as shipped
    with contextlib.ExitStack() as stack:
        rig = stack.enter_context(Rig(settings, frames=frames))
        disk = Disk(rig)
        stack.callback(disk.close)
        stack.callback(rig.stop)
        rig.start()
        wait_for(lambda: rig.children("ffmpeg"), 10, "the encoder runs")
        time.sleep(SETTLE_S)
        before, start = (footage_bytes(rig), *disk.written()), time.monotonic()
        time.sleep(seconds)
        after, spent = (footage_bytes(rig), *disk.written()), time.monotonic() - start
        count = sum(one["frames"] for one in rig.get("/recordings").json())
    return [*((now - then) / spent * DAY_S for then, now in zip(before, after)), count / (spent + SETTLE_S)]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 240
    folder = os.path.join(BUILD, "tests", "frames")
    os.makedirs(folder, exist_ok=True)
    print("| picture | sync_seconds | footage per day | written per day | write requests per day | flushes per day |\n|---|---|---|---|---|---|")
    for scene, count in SCENES:
        for sync_seconds in SYNC_SECONDS:
            footage, written, requests, flushes, fps = measure(seconds, frames_file(folder, count), sync_seconds)
            print(f"| {scene} | {sync_seconds} | {footage / 1e9:.2f} GB | {written / 1e9:.2f} GB | {requests:.0f} | {flushes:.0f} |", flush=True)
            print(f"recorded about {fps:.1f} frames per second", file=sys.stderr)


main()
