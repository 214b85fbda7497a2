#!/usr/bin/python3
"""Records onto /dev/vda until the power is cut; runs inside the virtual machine.

Prints `indexed WALL_US` for each frame that the recorder puts into its index. Some times a second it writes how many these are
behind the file system on the disk itself (marks.py), so that QEMU's log of writes says what was known when.
"""
import mmap
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import devices  # noqa: E402  pylint: disable=wrong-import-position
from indexes import index_files, wall_times  # noqa: E402  pylint: disable=wrong-import-position
from marks import MARK_BYTES, mark  # noqa: E402  pylint: disable=wrong-import-position
from support.rig import program  # noqa: E402  pylint: disable=wrong-import-position
from support.times import wall_us  # noqa: E402  pylint: disable=wrong-import-position

FOLDER = "/disk/recordings"
INI = f"""[camera]
name = power
device = /dev/video4
width = 320
height = 180
fps = 10
[record]
directory = {FOLDER}
segment_seconds = 10
preset = ultrafast
[retention]
min_free_gb = 0
[memory]
max_mb = 24
"""


class Marker:
    """Writes marks that bypass the page cache, so they are in the log in the order in which they were made."""

    def __init__(self, device):
        self.disk = os.open(device, os.O_WRONLY | os.O_DIRECT)
        self.place = os.lseek(self.disk, 0, os.SEEK_END) - MARK_BYTES
        self.block = mmap.mmap(-1, MARK_BYTES)  # aligned

    def write(self, frames):
        self.block[:] = mark(wall_us(), frames)
        os.pwrite(self.disk, self.block, self.place)


def new_frames(counts):
    """wall_us of the frames that were indexed since the last call; `counts` counts them by file."""
    frames = []
    for name in index_files(FOLDER) if os.path.isdir(FOLDER) else []:
        times = wall_times(os.path.join(FOLDER, name), counts.get(name, 0))
        counts[name] = counts.get(name, 0) + len(times)
        frames += times
    return frames


def main():
    devices.load_vivid([4])
    os.makedirs("/disk", exist_ok=True)
    subprocess.run(["mount", "-t", "ext4", "/dev/vda", "/disk"], check=True)
    with open("/recorder.ini", "w", encoding="utf-8") as ini:
        ini.write(INI)
    counts, marker = {}, Marker("/dev/vda")
    with subprocess.Popen([program("recorderd"), "-c", "/recorder.ini"]) as recorder:
        while recorder.poll() is None:
            frames = new_frames(counts)
            marker.write(sum(counts.values()))
            print("".join(f"indexed {wall}\n" for wall in frames), end="", flush=True)
            time.sleep(0.1)


if __name__ == "__main__":
    main()
