#!/usr/bin/env python3
"""record.encoder = auto where one hardware encoder is listed but absent, one gives green pictures and one works, until it is killed: no frame is lost."""
import os
import signal
import subprocess

from support import PROJECT
from support.faulty_rig import main
from support.rig import program
from support.times import US, wait_for

TOOLS = os.path.join(PROJECT, "tests", "tools", "hardware-encoder")
ENVIRONMENT = {"PATH": TOOLS + os.pathsep + os.environ["PATH"], "HARDWARE": "h264_vaapi=green h264_nvenc=works"}
SETTINGS = {"record": {"segment_seconds": 3600, "encoder": "auto"}}


def encoder(rig):
    return rig.get("/camera_info").json()["recording"]["encoder"]


def test_it_changes_to_the_one_that_works_and_says_what_is_wrong_with_the_others(rig):
    wait_for(lambda: encoder(rig) == "h264_nvenc", 60, "the hardware encoder is used")
    line, = [line for line in rig.log().splitlines() if "changing to it" in line]
    for words in ("h264_nvenc works", "h264_v4l2m2m: ", "Could not find a valid device", "h264_vaapi: its video does not show what it was given"):
        assert words in line, line
    assert rig.get("/health").status == 200, rig.reasons()


def test_if_it_is_killed_software_takes_over_and_no_frame_is_missing(rig):
    wait_for(lambda: encoder(rig) == "h264_nvenc", 60, "the hardware encoder is used")
    from_us = (rig.camera.frames()[0].wall_us // US + 1) * US
    hardware_us = rig.camera.newest().wall_us
    wait_for(lambda: rig.newest_indexed_us() > hardware_us, 60, "it records")
    for child in rig.children("ffmpeg"):
        os.kill(child, signal.SIGKILL)
    wait_for(lambda: encoder(rig) == "libx264", 60, "libx264 is used")
    assert rig.log().count("h264_nvenc failed: recording with libx264; hardware encoders are tried again in 1 h") == 1, rig.log()
    to_us = (rig.camera.newest().wall_us // US + 2) * US
    wait_for(lambda: rig.newest_indexed_us() > to_us, 60, "libx264 records")
    shown = [number for _, number in rig.clip(from_us, to_us)]
    assert shown == [frame.number for frame in rig.camera.frames() if from_us <= frame.wall_us < to_us], shown
    assert rig.footage(from_us, to_us).headers["X-Clip-Source"] == "disk"
    assert rig.log().count("changing to it") == 1 and len(rig.get("/recordings").json()) == 3, rig.log()


def test_probe_prints_what_is_tried_up_to_the_one_that_is_used(rig):
    done = subprocess.run([program("recorderd"), "-c", rig.ini, "--probe"], env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, timeout=120,
                          check=False)
    absent, green, works = [line.split(maxsplit=2) for line in done.stdout.splitlines()[1:]]
    assert absent[0] == "h264_v4l2m2m" and "does not work: h264_v4l2m2m: Could not find" in absent[2], done
    assert green[0] == "h264_vaapi" and "does not work: its video does not show" in green[2], done
    assert works[0] == "h264_nvenc" and "enough for 30" in works[2] and done.returncode == 0, done


if __name__ == "__main__":
    main(globals(), settings=SETTINGS, recorder_environment=ENVIRONMENT)
