#!/usr/bin/env python3
"""What taking a frame off a camera costs, and how soon another process has it: recorderd beside uStreamer, on the same camera.

usage: capture.py [SECONDS]        (20 by default, each of them twice, in turn; needs `make bench-tools` and the package ustreamer)

The camera of tests/preload gives 1280x720 at 60 frames a second, about 80 KB a frame, as JPEG: neither decodes or encodes
anything. Recording is off. One process reads each frame out of recorderd's ring, one out of uStreamer's memory sink
(sink_reader.c). Of the processor's time, what the camera's own thread takes is left out. Nothing here is asserted.
"""
import json
import os
import shutil
import subprocess
import sys
import time

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "tests", "e2e"))

import rig as rigs  # noqa: E402  pylint: disable=wrong-import-position
from rig import Rig, free_port, wait_for  # noqa: E402  pylint: disable=wrong-import-position

FRAMES = os.path.join(rigs.BUILD, "tests", "frames", "hd.frames")
READER = os.path.join(rigs.BUILD, "tests", "bench", "sink_reader")
CAMERA_THREAD = "camera.so"
WARM_UP_S = 2
SETTINGS = {
    "camera": {"width": 1280, "height": 720, "fps": 60},
    "record": {"enabled": "no"},
    "memory": {"minutes": 1, "max_mb": 128},
}


def cpu_ns(pid):
    """Of all threads of a process but the camera's."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as comm:
            if comm.read().strip() == CAMERA_THREAD:
                continue
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="utf-8") as stat:
            total += int(stat.read().split()[0])
    return total


def numbers_by_hash():
    """The number of each frame of the file, by the reader's hash of it."""
    listed = subprocess.run([READER, "file", FRAMES, "0"], capture_output=True, text=True, check=True).stdout
    return {line.split()[0]: number for number, line in enumerate(listed.splitlines())}


def ages_us(read, frames, numbers):
    """How long after the camera had filled its buffer the reader had the frame."""
    by_number, ages = {}, []
    for frame in frames:
        by_number.setdefault(frame.number % len(numbers), []).append(frame.mono_us)
    for line in read.splitlines():
        hashed, had_us = line.split()
        stamps = [stamp for stamp in by_number.get(numbers.get(hashed), []) if stamp <= int(had_us)]
        if stamps:
            ages.append(int(had_us) - stamps[-1])
    return sorted(ages)


def measure(rig, pid, sink, seconds, numbers):
    time.sleep(WARM_UP_S)
    taken, cpu = rig.camera.counter("delivered"), cpu_ns(pid)
    read = subprocess.run([READER, *sink, str(seconds)], capture_output=True, text=True, check=True).stdout
    taken, cpu = rig.camera.counter("delivered") - taken, cpu_ns(pid) - cpu
    ages = ages_us(read, rig.camera.frames(), numbers)
    return {
        "cpu_us_a_frame": cpu / 1000 / taken,
        "frames_taken": taken,
        "frames_read": len(ages),
        "age_us_median": ages[len(ages) // 2],
        "age_us_99": ages[len(ages) * 99 // 100],
    }


def run_recorder(rig, seconds, numbers):
    rig.start_recorderd()
    wait_for(lambda: rig.camera.counter("delivered") > 0, 20, "frames come")
    figures = measure(rig, rig.recorderd.pid, ["ring", rig.name], seconds, numbers)
    rig.stop_recorderd()
    return figures


def run_ustreamer(rig, seconds, numbers):
    environment = dict(rig.environment, CAMERA_PRELOAD=rig.path("camera.conf"), LD_PRELOAD=rig.library)
    with open(rig.path("camera.conf"), "w", encoding="utf-8") as conf:
        conf.write(rig.camera.line + "\n")
    delivered = rig.camera.counter("delivered")
    process = rig.spawn(["ustreamer", "--device=/dev/video0", "--format=MJPEG", "--encoder=HW", "--resolution=1280x720",
                         "--desired-fps=60", f"--sink={rig.name}", "--sink-rm", "--host=127.0.0.1", f"--port={free_port()}"],
                        "ustreamer.log", environment)
    try:
        wait_for(lambda: rig.camera.counter("delivered") > delivered, 20, "frames come")
        return measure(rig, process.pid, ["memsink", rig.name], seconds, numbers)
    finally:
        rig.stop_process(process)


def main(seconds):
    if not shutil.which("ustreamer"):
        sys.exit("ustreamer is missing: deploy/install-packages bench installs it")
    numbers, all_figures = numbers_by_hash(), []
    with Rig(SETTINGS, fps="60", frames=FRAMES) as rig:
        for name, run in [("recorderd", run_recorder), ("ustreamer", run_ustreamer)] * 2:
            figures = run(rig, seconds, numbers)
            all_figures.append({"program": name, **figures})
            print(f"{name:10} {figures['cpu_us_a_frame']:7.1f} us of a core a frame; a reader has it after {figures['age_us_median']} us "
                  f"(median), {figures['age_us_99']} us (99 %); {figures['frames_read']} of {figures['frames_taken']} frames read", flush=True)
    print(json.dumps(all_figures))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20)
