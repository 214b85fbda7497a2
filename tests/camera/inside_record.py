#!/usr/bin/python3
"""Records onto /dev/vda until the power is cut, and says outside what it has; runs inside the virtual machine.

    indexed WALL_US    a frame that the recorder has put into its index
    at WALL_US         that was all until then
"""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

import devices  # noqa: E402  pylint: disable=wrong-import-position
from indexes import index_files, wall_times  # noqa: E402  pylint: disable=wrong-import-position
from rig import program, wall_us  # noqa: E402  pylint: disable=wrong-import-position

INI = """[camera]
name = power
device = /dev/video4
width = 320
height = 180
fps = 10
[record]
directory = /disk/recordings
segment_seconds = 10
preset = ultrafast
[retention]
min_free_gb = 0
[memory]
max_mb = 24
"""


def say_indexed(said):
    folder = "/disk/recordings"
    lines = []
    for name in index_files(folder) if os.path.isdir(folder) else []:
        times = wall_times(os.path.join(folder, name), said.get(name, 0))
        said[name] = said.get(name, 0) + len(times)
        lines += [f"indexed {wall}\n" for wall in times]
    sys.stdout.write("".join(lines) + f"at {wall_us()}\n")
    sys.stdout.flush()


def main():
    devices.load_vivid([4])
    os.makedirs("/disk", exist_ok=True)
    subprocess.run(["mount", "-t", "ext4", "/dev/vda", "/disk"], check=True)
    with open("/recorder.ini", "w", encoding="utf-8") as ini:
        ini.write(INI)
    said = {}
    with subprocess.Popen([program("recorderd"), "-c", "/recorder.ini"]) as recorder:
        while recorder.poll() is None:
            say_indexed(said)
            time.sleep(0.1)


if __name__ == "__main__":
    main()
