#!/usr/bin/env python3
"""Measures what taking a frame from an external source costs, beside a V4L2 camera.

usage: source.py [SECONDS]        (15 by default, twice each, alternately; needs `make bench-tools`)

Both deliver 1280x720 at 30 frames per second, about 80 KB per frame. Recording and motion are off. Processor time excludes
the camera: the thread of tests/preload, or the program of the `command:`. Nothing is asserted.
"""
import os
import re
import subprocess
import sys
import time

from capture import FRAMES, cpu_ns  # it also finds the modules of tests/e2e

from support.rig import Rig, program  # pylint: disable=wrong-import-order
from support.times import wait_for  # pylint: disable=wrong-import-order

MJPEG_CAMERA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e", "support", "mjpeg_camera.py")
FPS = 30
SETTINGS = {
    "camera": {"width": 1280, "height": 720, "fps": FPS},
    "record": {"enabled": "no"},
    "memory": {"minutes": 1, "max_mb": 128},
    "motion": {"enabled": "no"},
}
WARM_UP_S = 2


def frames_taken(rig):
    """How many frames the recorder has taken; None before the first one."""
    status = subprocess.run([program("recorderd"), "-S", "-c", rig.ini], capture_output=True, text=True, check=False).stdout
    return int(re.search(r"frames +(\d+) since", status)[1]) if "streaming since" in status else None


def measure(name, rig, seconds, **pids):
    wait_for(lambda: frames_taken(rig), 20, "frames come")
    time.sleep(WARM_UP_S)
    before, cpu = frames_taken(rig), {who: cpu_ns(pid) for who, pid in pids.items()}
    time.sleep(seconds)
    taken = frames_taken(rig) - before
    costs = ", ".join(f"{who} {(cpu_ns(pid) - cpu[who]) / 1000 / taken:.0f} us of a core per frame" for who, pid in pids.items())
    print(f"{name}: {costs}; {taken} frames in {seconds:g} s", flush=True)


def measure_device(seconds):
    with Rig(SETTINGS, fps=str(FPS), frames=FRAMES) as rig:
        rig.camera.line = re.sub(r" log=\S+", "", rig.camera.line)
        measure("V4L2", rig, seconds, recorderd=rig.start_recorderd().pid)


def measure_command(seconds, stream):
    with Rig(cameras=0) as rig:
        with open(rig.path("camera"), "w", encoding="utf-8") as script:
            script.write(f"#!/bin/sh\nMJPEG_FRAMES={FRAMES} exec {sys.executable} {MJPEG_CAMERA} {rig.path('frames')} {FPS} {stream}\n")
        os.chmod(rig.path("camera"), 0o755)
        rig.write_ini({**SETTINGS, "camera": {**SETTINGS["camera"], "device": "command:" + rig.path("camera")}})
        source = rig.spawn([program("recorder-source"), "-c", rig.ini], "source.log", dict(os.environ))
        try:
            measure(f"command, {stream}", rig, seconds, **{"recorderd": rig.start_recorderd().pid, "recorder-source": source.pid})
        finally:
            rig.stop_process(source)


def main(seconds):
    for _ in range(2):
        measure_device(seconds)
        for stream in ("plain", "multipart"):
            measure_command(seconds, stream)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 15)
