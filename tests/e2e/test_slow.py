#!/usr/bin/env python3
"""A machine that encodes half of the frames: the memory and the live view have all of them, the recording every second one."""
import os

from faulty_rig import assert_same, main
from rig import PROJECT, wait_for

FPS, ENCODED = 30, 15
TOOLS = os.path.join(PROJECT, "tests", "tools", "slow-encoder")
ENVIRONMENT = {"PATH": TOOLS + os.pathsep + os.environ["PATH"], "SLOW_FPS": str(ENCODED)}
# So small a memory makes thinning begin when 3 s of frames wait, not 10.
SETTINGS = {"memory": {"minutes": 0.1}, "record": {"segment_seconds": 3600}}


def recording(rig):
    return rig.get("/camera_info").json()["recording"]


def test_frames_are_thinned_out_and_health_says_what_to_change(rig):
    wait_for(lambda: recording(rig)["thinned"] > 0, 30, "frames are left out")
    rig.new_frames(12 * FPS)
    assert rig.get("/health").status == 200, rig.reasons()
    for word in ("preset", "camera.fps", "record.encoder", "mjpeg"):
        assert word in rig.warnings(), rig.warnings()


def test_no_more_waits_than_the_memory_holds(rig):
    assert 1 < recording(rig)["behind_seconds"] < 5, recording(rig)


def test_every_frame_is_in_the_memory(rig):
    info = rig.get("/camera_info").json()
    assert info["lost"] == 0 and info["damaged"] == 0, info
    assert info["memory"]["seconds"] > 5 and abs(info["memory"]["frames"] - info["memory"]["seconds"] * FPS) <= 2, info["memory"]
    assert not rig.camera.frames("missed")


def test_ffmpeg_was_never_started_anew(rig):
    assert "starting it again" not in rig.log(), rig.log()


def test_what_is_left_out_is_counted_and_even(rig):
    thinned = recording(rig)["thinned"]
    newest_us = rig.newest_indexed_us()
    assert rig.stop_recorderd() == 0
    shown, taken = rig.archive_numbers(), rig.taken()
    assert_same(shown, sorted(set(shown)))
    assert set(shown) <= set(taken)
    apart = [after - before for before, after in zip(shown, shown[1:])]
    half = apart[len(apart) // 2:]
    assert max(apart) <= 4 and 1.7 < sum(half) / len(half) < 2.4, apart
    indexed = {frame.number for frame in rig.camera.frames() if frame.wall_us <= newest_us}
    assert len(indexed - set(shown)) <= thinned <= sum(apart) - len(apart), thinned  # counted ahead of the index


if __name__ == "__main__":
    main(globals(), settings=SETTINGS, recorder_environment=ENVIRONMENT)
