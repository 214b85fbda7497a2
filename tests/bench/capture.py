#!/usr/bin/env python3
"""Measures what taking a frame from a camera costs, and how soon another process has it: recorderd against uStreamer.

usage: capture.py [SECONDS]        (20 by default, twice each, alternately; needs `make bench-tools` and the package ustreamer)

The camera of tests/preload delivers 1280x720 at 60 frames per second, about 80 KB per frame, as JPEG: neither program decodes
or encodes anything. Recording is off. A process reads each frame from recorderd's ring, or from uStreamer's memory sink
(sink_reader.c). Processor time excludes the camera's own thread. Nothing is asserted.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "tests", "e2e"))

from support import BUILD  # noqa: E402  pylint: disable=wrong-import-position
from support.rig import Rig, free_port  # noqa: E402  pylint: disable=wrong-import-position
from support.times import wait_for  # noqa: E402  pylint: disable=wrong-import-position

FRAMES = os.path.join(BUILD, "tests", "frames", "hd.frames")
READER = os.path.join(BUILD, "tests", "bench", "sink_reader")
CAMERA_THREAD = "camera.so"
WARM_UP_S = 2
SETTINGS = {
    "camera": {"width": 1280, "height": 720, "fps": 60},
    "record": {"enabled": "no"},
    "memory": {"minutes": 1, "max_mb": 128},
    "motion": {"enabled": "yes"},  # as shipped
}


def cpu_ns(pid):
    """CPU seconds of all threads of a process except the camera's."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as comm:
            if comm.read().strip() == CAMERA_THREAD:
                continue
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="utf-8") as stat:
            total += int(stat.read().split()[0])
    return total


def measure(rig, pid, sink, seconds):
    time.sleep(WARM_UP_S)
    taken, cpu = rig.camera.counter("delivered"), cpu_ns(pid)
    read = json.loads(subprocess.run([READER, *sink, str(seconds)], capture_output=True, text=True, check=True).stdout)
    taken, cpu = rig.camera.counter("delivered") - taken, cpu_ns(pid) - cpu
    return {"cpu_us_per_frame": cpu / 1000 / taken, "frames_taken": taken, "frames_read": read["frames"], "age_ms": read["age_ms"]}


def run_recorder(rig, seconds):
    rig.start_recorderd()
    wait_for(lambda: rig.camera.counter("delivered") > 0, 20, "frames come")
    figures = measure(rig, rig.recorderd.pid, ["ring", rig.name], seconds)
    rig.stop_recorderd()
    return figures


def run_ustreamer(rig, seconds):
    environment = dict(rig.environment, CAMERA_PRELOAD=rig.path("camera.conf"), LD_PRELOAD=rig.library)
    with open(rig.path("camera.conf"), "w", encoding="utf-8") as conf:
        conf.write(rig.camera.line + "\n")
    delivered = rig.camera.counter("delivered")
    process = rig.spawn(["ustreamer", "--device=/dev/video0", "--format=MJPEG", "--encoder=HW", "--resolution=1280x720",
                         "--desired-fps=60", f"--sink={rig.name}", "--sink-rm", "--host=127.0.0.1", f"--port={free_port()}"],
                        "ustreamer.log", environment)
    try:
        wait_for(lambda: rig.camera.counter("delivered") > delivered, 20, "frames come")
        return measure(rig, process.pid, ["memsink", rig.name], seconds)
    finally:
        rig.stop_process(process)


def main(seconds):
    if not shutil.which("ustreamer"):
        sys.exit("ustreamer is missing: deploy/install-packages bench installs it")
    all_figures = []
    with Rig(SETTINGS, fps="60", frames=FRAMES) as rig:
        rig.camera.fault("stamp")
        rig.camera.line = re.sub(r" log=\S+", "", rig.camera.line)  # writing the log would cost both the same
        for name, run in [("recorderd", run_recorder), ("ustreamer", run_ustreamer)] * 2:
            figures = run(rig, seconds)
            all_figures.append({"program": name, **figures})
            print(f"{name:10} {figures['cpu_us_per_frame']:7.1f} us of a core per frame; a reader has it after {figures['age_ms']['median']:.2f} ms "
                  f"(median), {figures['age_ms']['p99']:.2f} ms (99 %); {figures['frames_read']} of {figures['frames_taken']} frames read", flush=True)
    print(json.dumps(all_figures))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20)
