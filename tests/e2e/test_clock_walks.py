#!/usr/bin/env python3
"""A clock that is set back and forth at random during recording: the timeline, the clips and the 404s agree."""
import os
import random
import re

from support.faulty_rig import COUNT, FaultyRig
from support.tap import comment, run_tests, shared
from support.times import PATIENCE_S, US, time_us, wait_for

SEED = random.randrange(1 << 30)
SETTINGS = {"camera": {"fps": 60}, "retention": {"hours": 0, "min_free_gb": 0}, "http": {"allow_control": "yes"}}
NEAR_US = 2000      # times in JSON and in sentences have milliseconds
SLOT_US = 150000    # a frame lasts until the next one; also the time between two consecutive segments
EARLY_1970 = 100000
SEEN = {}


def end_of_walk(rig):
    """Waits until everything so far is indexed."""
    wait_for(rig.is_healthy, PATIENCE_S, "the recorder is healthy")
    rig.new_frames(40)
    rig.indexed()


def walk(rig, chance):
    """One step: of the clock, of the recording, or of somebody who deletes a segment."""
    rig.new_frames(chance.randrange(15, 50))
    kind = chance.choice(("back", "back", "back", "forth", "forth", "off", "unplugged", "restart"))
    comment(kind)
    if kind == "back":
        rig.clock.step(-chance.uniform(0.3, 20))
    elif kind == "forth":
        rig.clock.step(chance.uniform(0.3, 15))
    elif kind == "off":
        assert rig.get("/control?recording=off", "POST").status == 200
        rig.new_frames(20)
        assert rig.get("/control?recording=on", "POST").status == 200
    elif kind == "unplugged":
        rig.camera.fault("unplugged")
        wait_for(lambda: rig.get("/camera_info").json()["state"] != "streaming", PATIENCE_S, "the camera is gone")
        rig.camera.fault("unplugged", 0)
        wait_for(rig.streaming, PATIENCE_S, "the camera is back")
    else:
        rig.stop_recorderd()
        rig.clock.step(chance.uniform(-10, 10))
        rig.start_recorderd()
        wait_for(rig.streaming, PATIENCE_S, "the recorder is back")


@shared
def walked(rig):
    """The timeline of a walk: [(from_us, to_us)] of the spans and of the gaps, and the times of all recorded frames."""
    comment(f"seed {SEED}")
    chance = random.Random(SEED)
    now_us = rig.clock.now_us()
    rig.clock.set(EARLY_1970)  # like a board without a clock of its own, which gets the time from the network
    rig.start()
    rig.new_frames(60)
    rig.clock.set_offset(now_us - rig.clock.now_us() + rig.clock.offset_us)
    for _ in range(9):
        walk(rig, chance)
    end_of_walk(rig)
    delete_one(rig)
    SEEN["far"] = rig.get("/snapshot?at=20990101_000000").detail
    rig.stop_recorderd()  # so that nothing changes while it is compared
    recorded = set(rig.archive_numbers())
    times = sorted(frame.wall_us for frame in settled(rig.camera.frames()) if frame.number % COUNT in recorded)
    line = rig.timeline(0, rig.clock.now_us() + 3600 * US)
    spans, gaps = ([(time_us(one["from"]), time_us(one["to"])) for one in line[kind]] for kind in ("spans", "gaps"))
    return spans, gaps, times


def settled(frames):
    """The frames without those right before a step: the recorder may process one of them after the step, and give it a time of the new clock."""
    return [frame for frame, after in zip(frames, frames[1:]) if abs(after.wall_us - frame.wall_us) < SLOT_US]


def delete_one(rig):
    """Somebody deletes a segment in the middle."""
    complete = [one["file"] for one in rig.segments() if one["state"] == "complete"]
    file = complete[len(complete) // 2]
    os.unlink(os.path.join(rig.recordings, file))
    rig.stop_recorderd()
    rig.start_recorderd()
    end_of_walk(rig)
    assert file not in [one["file"] for one in rig.segments()]


def overlap(one, other):
    return min(one[1], other[1]) - max(one[0], other[0])


def test_no_gap_overlaps_a_recording_or_another_gap(rig):
    spans, gaps, _ = walked(rig)
    assert len(gaps) > 3 and len(spans) > 5, (spans, gaps)
    for number, gap in enumerate(gaps):
        over = [other for other in spans + gaps[number + 1:] if overlap(gap, other) > NEAR_US]
        assert not over, (gap, over)


def test_each_frame_lies_in_a_span(rig):
    spans, _, times = walked(rig)
    outside = [at for at in times if not any(begin - NEAR_US <= at < end + NEAR_US for begin, end in spans)]
    assert times and not outside, outside[:5]


def test_spans_and_gaps_cover_all_time_from_the_first_frame_to_the_last(rig):
    spans, gaps, times = walked(rig)
    reached = min(begin for begin, _ in spans)
    assert abs(reached - times[0]) < NEAR_US, (reached, times[0])
    for begin, end in sorted(spans + gaps):
        assert begin - reached < NEAR_US, f"{reached} to {begin} is neither a span nor a gap"
        reached = max(reached, end)
    assert 0 <= reached - times[-1] < SLOT_US, (reached, times[-1])


def test_any_part_of_the_timeline_is_that_part_of_the_whole(rig):
    spans, gaps, _ = walked(rig)
    chance = random.Random(SEED + 1)
    borders = sorted({at for one in spans + gaps for at in one})
    for _ in range(40):
        from_us = chance.choice(borders) // US * US + chance.randrange(-3, 4) * US
        to_us = from_us + chance.randrange(1, 12) * US
        line = rig.timeline(max(0, from_us), to_us)
        for kind, whole in (("spans", spans), ("gaps", gaps)):
            listed = sorted((time_us(one["from"]), time_us(one["to"])) for one in line[kind])
            cut = sorted((max(begin, from_us), min(end, to_us)) for begin, end in whole)
            wanted = [(begin, end) for begin, end in cut if end - begin > NEAR_US]
            listed = [(begin, end) for begin, end in listed if end - begin > NEAR_US]
            assert len(listed) == len(wanted), (kind, from_us, to_us, listed, wanted)
            assert all(abs(a - b) < NEAR_US for one, other in zip(listed, wanted) for a, b in zip(one, other)), (kind, listed, wanted)


def test_a_range_without_footage_names_the_nearest(rig):
    _, gaps, times = walked(rig)
    asked = 0
    for begin, end in gaps:
        from_us, to_us = -(-begin // US) * US, min(end, begin // US * US + 4 * US) - NEAR_US
        if to_us <= from_us or any(from_us <= at < to_us for at in times):
            continue
        answer = rig.footage(from_us, to_us)
        assert answer.status == 404, (answer.status, from_us, to_us)
        before, after = map(time_us, re.findall(r"(?:ends|begins) at (\S+?)[,.] ", answer.detail))
        seen = [frame.wall_us for frame in rig.camera.frames()]
        assert any(abs(before - at) < NEAR_US for at in seen) and any(abs(after - at) < NEAR_US for at in seen), answer.detail
        nearer = [at for at in times if before + NEAR_US < at < from_us or to_us <= at < after - NEAR_US]
        assert not nearer, (answer.detail, nearer[:5])
        asked += 1
    assert asked > 0, gaps


def test_the_ends_that_a_snapshot_names_are_those_of_the_timeline(rig):
    spans, _, _ = walked(rig)
    first, last = map(time_us, re.search(r"from (\S+) to (\S+)\. ", SEEN["far"]).groups())
    assert abs(first - min(begin for begin, _ in spans)) < NEAR_US, (SEEN["far"], spans)
    later = [end for _, end in spans[:-1] if end > last + NEAR_US]  # the last one was still growing then
    assert first < last and not later, (SEEN["far"], spans)


def test_a_clip_of_time_that_came_twice_has_the_spans_of_the_timeline(rig):
    spans, _, _ = walked(rig)
    twice = [(max(one[0], other[0]), min(one[1], other[1])) for at, one in enumerate(spans) for other in spans[at + 1:] if overlap(one, other) > 2 * US]
    for begin, end in twice[:4]:
        from_us, to_us = begin // US * US + US, end // US * US
        named = rig.footage(from_us, to_us).headers["X-Clip-Spans"].split(", ")
        named = sorted(tuple(map(time_us, one.split("/"))) for one in named)
        line = sorted((time_us(one["from"]), time_us(one["to"])) for one in rig.timeline(from_us, to_us)["spans"])
        line = [one for one in line if one[1] - one[0] > SLOT_US]
        named = [one for one in named if one[1] - one[0] > SLOT_US]
        assert len(named) == len(line), (named, line)
        assert all(abs(a - b) < SLOT_US for one, other in zip(named, line) for a, b in zip(one, other)), (named, line)


if __name__ == "__main__":
    with FaultyRig(SETTINGS, fps="60") as walking:
        STATUS = run_tests(globals(), walking)
    raise SystemExit(STATUS)
