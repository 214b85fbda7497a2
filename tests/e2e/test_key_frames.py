#!/usr/bin/env python3
"""An encoder that places key frames as it likes, like h264_v4l2m2m: clips, HLS and snapshots begin with the key frame before the time asked for."""
import datetime
import os
import re

from support import PROJECT
from support.exact import assert_numbers, assert_times
from support.faulty_rig import main
from support.times import PATIENCE_S, US, time_us, wait_for

from clip_frames import clip_numbers

FPS, GOP = 30, 50
TOOLS = os.path.join(PROJECT, "tests", "tools", "free-key-frames")
ENVIRONMENT = {"PATH": TOOLS + os.pathsep + os.environ["PATH"], "GOP": str(GOP)}
SETTINGS = {"record": {"segment_seconds": 10}, "clips": {"cache": "no"}}
SECONDS = 14  # more than one segment


def recorded(rig):
    """[first, end) of whole seconds that are indexed."""
    first = -(-rig.camera.frames()[0].wall_us // US) * US
    wait_for(lambda: rig.newest_indexed_us() > first + SECONDS * US, SECONDS + PATIENCE_S, f"{SECONDS} s are recorded")
    return first, first + SECONDS * US


def key_frame_before(rig, at_us):
    """Each GOP begins GOP frames after the one before, counted from the first frame of the recording."""
    frames = rig.camera.frames()
    place = next(place for place, frame in enumerate(frames) if frame.wall_us >= at_us)
    return frames[place // GOP * GOP]


def test_the_recorder_says_once_that_the_encoder_does_not_follow(rig):
    recorded(rig)
    assert rig.log().count("ignores -force_key_frames") == 1, rig.log()
    assert rig.get("/health").status == 200, rig.reasons()


def test_segments_rotate_without_losing_a_frame(rig):
    from_us, to_us = recorded(rig)
    assert len(rig.get("/recordings").json()) >= 2
    clip = rig.clip(from_us, to_us)
    first = key_frame_before(rig, from_us)
    assert_numbers([number for _, number in clip], rig.camera.frames(), first.wall_us, to_us, 9000)


def test_clips_are_exact_from_the_key_frame_before(rig):
    """Also a clip of a second in which no key frame is."""
    from_us, to_us = recorded(rig)
    for second_us in range(from_us + US, to_us, US):
        answer = rig.footage(second_us, second_us + US)
        assert answer.status == 200 and answer.headers["X-Clip-Source"] == "disk", (answer.status, answer.headers["X-Clip-Source"])
        first, clip = key_frame_before(rig, second_us), rig.frames_of(answer.body)
        assert clip[0][1] == first.number, (clip[0], first.number)
        assert_numbers([number for _, number in clip], rig.camera.frames(), first.wall_us, second_us + US, 9000)
        assert_times(clip, rig.camera.frames(), 9000)
        start_us = round(float(answer.headers["X-Clip-Start"]) * US)
        assert abs(start_us - first.wall_us) < 300, (start_us, first.wall_us)
        begin_us = min(first.wall_us, second_us)  # if the second's first frame is the key frame, the span begins with the second
        assert abs(time_us(answer.headers["X-Clip-Spans"].split("/")[0]) - begin_us) <= 1300, answer.headers["X-Clip-Spans"]


def test_every_entry_of_a_playlist_begins_with_a_key_frame(rig):
    from_us, to_us = recorded(rig)
    text = rig.get(f"/playlist.m3u8?from={from_us // US}&to={to_us // US}").body.decode()
    init, shown = b"", []
    for line in re.findall(r'#EXT-X-MAP:URI="([^"]+)"|#EXT-X-BYTERANGE:(\d+)@(\d+)\n(\S+)', text):
        if line[0]:
            init = rig.get("/" + line[0]).body
            continue
        length, at = int(line[1]), int(line[2])
        entry = rig.get("/" + line[3], headers={"Range": f"bytes={at}-{at + length - 1}"}).body
        shown += [number for _, number in rig.frames_of(init + entry)]  # a first frame that is no key frame could not be decoded
    assert_numbers(shown, rig.camera.frames(), key_frame_before(rig, from_us).wall_us, to_us, 9000)


def test_a_snapshot_shows_the_key_frame_before_and_its_time(rig):
    from_us, to_us = recorded(rig)
    rig.stop_recorderd()  # its memory has the frames too
    try:
        for at_us in range(from_us + US, to_us, 2 * US):
            answer = rig.get(f"/snapshot?at={at_us // US}")
            assert answer.status == 200, answer.body
            path, first = rig.path("still.jpg"), key_frame_before(rig, at_us)
            with open(path, "wb") as file:
                file.write(answer.body)
            assert clip_numbers(path) == [first.number], (clip_numbers(path), first.number)
            told_us = datetime.datetime.fromisoformat(answer.headers["X-Timestamp"]).timestamp() * US
            assert abs(told_us - first.wall_us) <= 1300, (answer.headers["X-Timestamp"], first.wall_us)
    finally:
        rig.start_recorderd()


if __name__ == "__main__":
    main(globals(), settings=SETTINGS, recorder_environment=ENVIRONMENT)
