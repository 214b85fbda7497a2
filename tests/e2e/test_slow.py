#!/usr/bin/env python3
"""A machine that can encode half of the frames: the memory and the live view have all of them, the recording every second one."""
import os

from support import PROJECT
from support.faulty_rig import assert_same, main
from support.starved import assert_none_missed
from support.times import time_us, wait_for

FPS, ENCODED = 30, 15
TOOLS = os.path.join(PROJECT, "tests", "tools", "slow-encoder")
ENVIRONMENT = {"PATH": TOOLS + os.pathsep + os.environ["PATH"], "SLOW_FPS": str(ENCODED)}
# With this little memory, frames are dropped as soon as 3 s of them wait, not 10.
SETTINGS = {"memory": {"minutes": 0.1}, "record": {"segment_seconds": 3600}}


def recording(rig):
    return rig.get("/camera_info").json()["recording"]


def thinned(rig):
    """Frames are being dropped, and have been for so long that the queue does not grow any more."""
    wait_for(lambda: recording(rig)["thinned"] > 6 * FPS, 120, "frames are dropped")


def test_frames_are_dropped_and_health_says_what_to_change(rig):
    thinned(rig)
    assert rig.get("/health").status == 200, rig.reasons()
    for word in ("preset", "camera.fps", "record.encoder", "mjpeg"):
        assert word in rig.warnings(), rig.warnings()
    assert rig.log().count("recorderd --probe shows what helps") == 1, rig.log()


def test_no_more_waits_than_the_memory_holds(rig):
    thinned(rig)
    assert 1 < recording(rig)["behind_seconds"] < 5, recording(rig)


def test_every_frame_is_in_the_memory(rig):
    thinned(rig)
    info = rig.get("/camera_info").json()
    assert info["damaged"] == 0, info
    memory, missed = info["memory"], len(rig.camera.frames("missed"))
    from_us, to_us = time_us(memory["from"]), time_us(memory["to"])
    within = [frame for frame in rig.camera.frames() if from_us <= frame.wall_us <= to_us]
    assert memory["seconds"] > 5 and abs(memory["frames"] - len(within)) <= 2, (memory, len(within))
    assert info["lost"] <= missed, (info, missed)
    assert_none_missed(rig.camera, rig.delays)


def test_ffmpeg_was_never_restarted(rig):
    assert "restarting it" not in rig.log(), rig.log()


def test_dropped_frames_are_counted_and_evenly_spaced(rig):
    thinned(rig)
    dropped = recording(rig)["thinned"]
    newest_us = rig.newest_indexed_us()
    assert rig.stop_recorderd() == 0
    shown, taken = rig.archive_numbers(), rig.taken()
    assert_same(shown, sorted(set(shown)))
    assert set(shown) <= set(taken)
    kept = set(shown)
    places = [place for place, number in enumerate(taken) if number in kept]  # frames that the camera lost were not dropped by the encoder
    apart = [after - before for before, after in zip(places, places[1:])]
    half = apart[len(apart) // 2:]
    assert max(apart) <= 4 and 1.7 < sum(half) / len(half) < 2.4, apart
    indexed = {frame.number for frame in rig.camera.frames() if frame.wall_us <= newest_us}
    assert len(indexed - set(shown)) <= dropped <= sum(apart) - len(apart), dropped  # they are counted before the index has them


if __name__ == "__main__":
    main(globals(), settings=SETTINGS, recorder_environment=ENVIRONMENT)
