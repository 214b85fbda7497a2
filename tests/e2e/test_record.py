#!/usr/bin/env python3
"""Capture, ring, encoder, segments, clips: a clip shows what the camera took, to the frame and the microsecond."""
import json
import os
import random
import stat
import subprocess

from support.exact import EDGE_US, assert_exact, whole_seconds
from support.starved import assert_none_missed
from support.tap import main
from support.times import US, wait_for, wall_us
from test_http import indexed_until_us


def segments(rig):
    """Oldest first."""
    return list(reversed(rig.get("/recordings").json()))


def recorded_for(rig, seconds):
    """The whole seconds that are recorded, once there are that many."""
    def enough():
        frames = rig.camera.frames()
        first_us, end_us = whole_seconds(frames, US) if frames else (0, 0)
        return (first_us, end_us) if end_us - first_us >= seconds * US else None
    return wait_for(enough, seconds + 60, f"{seconds} s are recorded")


def complete(rig, count):
    """The closed segments, oldest first, once there are that many."""
    def closed():
        found = [one for one in segments(rig) if one["state"] == "complete"]
        return found if len(found) >= count else None
    return wait_for(closed, 10 * count + 60, f"{count} segments are complete")


def open_segment(rig):
    """The segment that is being recorded, once it has frames: it may have just begun."""
    newest = segments(rig)[-1]
    return newest if newest["state"] == "recording" and newest["frames"] > 0 else None


def boxes(path):
    """Types of the top-level boxes of an MP4."""
    found = []
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        at = 0
        while at + 8 <= size:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            found.append(head[4:8].decode("latin-1"))
            at += int.from_bytes(head[8:16], "big") if length == 1 else length or size
    return found


def probe(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-show_format", "-of", "json", path],
                          capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return json.loads(done.stdout)


def test_the_open_segment_is_listed_and_any_player_reads_it(rig):
    recorded_for(rig, 2)
    listed = wait_for(lambda: open_segment(rig), 60, "the newest segment is being recorded")
    stream = probe(os.path.join(rig.recordings, listed["file"]))["streams"][0]
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("h264", 320, 180), stream
    assert int(stream["nb_read_packets"]) > 0


def test_a_clip_has_exactly_the_frames_of_its_seconds(rig):
    first_us, end_us = recorded_for(rig, 4)
    assert_exact(rig, first_us, end_us)


def test_each_single_second_is_exact(rig):
    first_us, end_us = recorded_for(rig, 4)
    for at_us in range(first_us, end_us, US):
        assert_exact(rig, at_us, at_us + US)


def test_to_cuts_at_any_frame(rig):
    first_us, _ = recorded_for(rig, 4)
    assert_exact(rig, first_us + US, first_us + 2 * US + 437000)


def test_from_is_widened_to_its_second_and_says_so(rig):
    first_us, _ = recorded_for(rig, 4)
    answer = rig.footage(first_us + 1600000, first_us + 3 * US)
    frames = rig.frames_of(answer.body)
    firsts = {next(frame.number % 9000 for frame in rig.camera.frames() if frame.wall_us >= first_us + US + edge_us)
              for edge_us in (-EDGE_US, EDGE_US)}
    assert frames[0][1] in firsts, (frames[0][1], firsts)
    assert answer.headers["X-Clip-Spans"]


def test_a_clip_that_ends_now_ends_with_the_newest_frames(rig):
    recorded_for(rig, 4)
    asked_us = wall_us()
    answer = rig.get("/footage?from=-3s&to=now")
    assert answer.status == 200, answer.body
    numbers = [number for _, number in rig.frames_of(answer.body)]
    in_order = [frame.number % 9000 for frame in rig.camera.frames()]
    assert numbers == in_order[in_order.index(numbers[0]):][:len(numbers)], numbers
    taken = {frame.number % 9000: frame.wall_us for frame in rig.camera.frames()}
    assert asked_us - taken[numbers[-1]] < US, f"the last frame was {asked_us - taken[numbers[-1]]} us old when it was asked for"
    assert 2 * US < taken[numbers[-1]] - taken[numbers[0]] < 5 * US


def test_a_range_that_has_just_ended_is_complete(rig):
    recorded_for(rig, 4)
    to_us = wall_us() // 1000 * 1000
    assert_exact(rig, (to_us - 2 * US) // US * US, to_us)


def test_rotation_loses_no_frame(rig):
    complete(rig, 1)
    first_us, end_us = recorded_for(rig, 12)
    assert_exact(rig, first_us, end_us)


def test_a_complete_segment_is_a_plain_mp4(rig):
    closed = complete(rig, 1)[0]
    path = os.path.join(rig.recordings, closed["file"])
    assert boxes(path) == ["ftyp", "uuid", "mdat", "moov"], boxes(path)
    stream = probe(path)["streams"][0]
    assert int(stream["nb_read_packets"]) == int(stream["nb_frames"]) == closed["frames"], (stream, closed)
    assert abs(float(stream["duration"]) - closed["duration"]) < 0.1
    assert abs(float(stream["start_time"])) < 0.001


def test_segments_continue_each_other_frame_by_frame(rig):
    numbers = []
    for one in complete(rig, 2):
        answer = rig.get("/recordings/" + one["file"])
        assert answer.status == 200 and len(answer.body) == one["size"], (answer.status, len(answer.body), one)
        numbers += [number for _, number in rig.frames_of(answer.body)]
    taken = [frame.number % 9000 for frame in rig.camera.frames()]
    assert numbers == taken[taken.index(numbers[0]):][:len(numbers)]


def test_clips_across_two_rotations_are_exact(rig):
    complete(rig, 2)
    first_us, _ = recorded_for(rig, 22)
    assert_exact(rig, first_us + US, first_us + 22 * US)


def test_random_ranges_of_whole_seconds_are_exact(rig):
    first_us, end_us = recorded_for(rig, 22)
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    for _ in range(12):
        from_us = first_us + chance.randrange((end_us - first_us) // US) * US
        to_us = from_us + (1 + chance.randrange((end_us - from_us) // US)) * US
        try:
            assert_exact(rig, from_us, to_us)
        except AssertionError as wrong:
            raise AssertionError(f"seed {seed}, from {from_us} to {to_us}: {wrong}") from wrong


def test_only_the_recorder_and_its_group_can_read_footage_and_its_lists(rig):
    rig.clip(*recorded_for(rig, 2))
    for above in (rig.recordings, rig.clips):
        for folder, _, files in os.walk(above):
            for name in (".", *files):
                mode = stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode)
                assert mode == {".": 0o750, ".lock": 0o200}.get(name, 0o640), (folder, name, oct(mode))


def test_the_same_range_always_has_the_same_bytes(rig):
    complete(rig, 2)
    first_us, end_us = recorded_for(rig, 22)
    wait_for(lambda: indexed_until_us(rig) > end_us, 60, "it is on the disk")
    one, other = rig.footage(first_us, end_us), rig.footage(first_us, end_us)
    assert one.body == other.body and one.headers["ETag"] == other.headers["ETag"]


def published(rig, count):
    info = rig.get("/camera_info").json()
    return info if info["frames"] >= count else None


def test_no_frame_was_lost_or_refused(rig):
    taken = len(rig.camera.frames())
    info = wait_for(lambda: published(rig, taken), 60, f"{taken} frames are counted")
    missed = len(rig.camera.frames("missed"))
    assert not rig.camera.frames("skipped") and info["lost"] <= missed, (info, missed)
    assert info["frames"] <= len(rig.camera.frames()), info
    assert_none_missed(rig.camera, rig.delays)


def test_a_clean_stop_leaves_plain_mp4s_with_every_frame(rig):
    assert rig.stop_recorderd() == 0, "recorderd's exit status"
    names = sorted(name for name in os.listdir(rig.recordings) if name.endswith(".mp4"))
    numbers = []
    for name in names:
        path = os.path.join(rig.recordings, name)
        assert boxes(path)[-1] == "moov", (name, boxes(path))
        with open(path, "rb") as file:
            numbers += [number for _, number in rig.frames_of(file.read())]
    taken = [frame.number % 9000 for frame in rig.camera.frames()]
    assert numbers == taken[:len(numbers)], "frames are missing"
    assert len(taken) - len(numbers) <= 2, f"{len(taken) - len(numbers)} frames at the end are missing"
    assert not os.path.exists(f"/dev/shm/recorder.{rig.name}"), "the ring was not removed"


if __name__ == "__main__":
    main(globals())
