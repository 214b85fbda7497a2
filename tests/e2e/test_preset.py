#!/usr/bin/env python3
"""record.preset = auto on a machine that is too slow for superfast: the recorder says so, changes to ultrafast, and catches up."""
import os
import subprocess

from support import PROJECT
from support.faulty_rig import main
from support.rig import program
from support.times import US, wait_for

FPS, ENCODED = 30, 10
TOOLS = os.path.join(PROJECT, "tests", "tools", "slow-encoder")
ENVIRONMENT = {"PATH": TOOLS + os.pathsep + os.environ["PATH"], "SLOW_FPS": str(ENCODED), "SLOW_PRESET": "superfast"}
# With this little memory, frames are dropped as soon as 3 s of them wait, not 10.
SETTINGS = {"memory": {"minutes": 0.1}, "record": {"segment_seconds": 3600, "preset": "auto"}}


def recording(rig):
    return rig.get("/camera_info").json()["recording"]


def caught_up(rig):
    wait_for(lambda: "changing to ultrafast" in rig.log(), 120, "the preset is changed")
    wait_for(lambda: recording(rig)["behind_seconds"] < 1, 60, "the encoder has caught up")


def test_the_log_says_how_much_this_machine_encodes(rig):
    caught_up(rig)
    line, = [line for line in rig.log().splitlines() if "changing to ultrafast" in line]
    encoded = int(line.split("encodes ")[1].split(" of")[0])
    assert 0 < encoded < FPS and f"of {FPS} fps with superfast" in line, line


def test_from_then_on_every_frame_is_recorded(rig):
    caught_up(rig)
    from_us = (rig.camera.newest().wall_us // US + 1) * US
    to_us = from_us + 3 * US
    wait_for(lambda: rig.newest_indexed_us() > to_us, 60, "three more seconds are recorded")
    shown = [number for _, number in rig.clip(from_us, to_us)]
    taken = [frame.number for frame in rig.camera.frames() if from_us <= frame.wall_us < to_us]
    assert shown == taken, (shown, taken)
    assert rig.footage(from_us, to_us).headers["X-Clip-Source"] == "disk"


def test_the_two_runs_are_one_recording(rig):
    """No gap is left between them, and FFmpeg was not restarted as after an error."""
    caught_up(rig)
    segments = rig.get("/recordings").json()
    assert len(segments) == 2, segments
    assert "restarting it" not in rig.log(), rig.log()
    timeline = rig.get("/timeline?from=-60s&to=now").json()
    assert all(gap["cause"] in ("start", "recording") for gap in timeline["gaps"]), timeline


def test_probe_measures_without_a_camera_and_names_what_is_fast_enough(rig):
    done = subprocess.run([program("recorderd"), "-c", rig.ini, "--probe"], env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, timeout=120,
                          check=False)
    head, *lines = done.stdout.splitlines()
    assert head.startswith(f"{rig.name}: ") and head.endswith(f" at {FPS} fps"), done
    slow, fast, *hardware = lines
    assert slow.split()[:2] == ["libx264", "superfast"] and f"of {FPS} fps: too slow" in slow, done
    assert fast.split()[:2] == ["libx264", "ultrafast"] and " fps" in fast, done
    assert [line.split()[0] for line in hardware] == ["h264_v4l2m2m", "h264_vaapi", "h264_nvenc", "h264_qsv"], done
    assert done.returncode == (0 if "enough" in fast else 1), done


if __name__ == "__main__":
    main(globals(), settings=SETTINGS, recorder_environment=ENVIRONMENT)
