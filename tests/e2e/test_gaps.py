#!/usr/bin/env python3
"""A clip across gaps has all that there is, at its time, and says what is missing; a range within one gets told where footage is."""
import os
import re
import signal
import subprocess
import time

from exact import EDGE_US, TICK_US, assert_numbers
from faulty_rig import COUNT, assert_same, main, time_us
from rig import BUILD, US, wait_for

GAPS = {}  # cause -> [from, to) of the camera's own frames
SLACK_US = 200000
SAME_FRAME_US = 2000  # times in answers are in milliseconds


def gap(rig, cause, begin, end):
    """Records for more than two seconds, makes a gap of about three, and records again."""
    rig.new_frames(75)
    begin()
    time.sleep(3)
    before = rig.camera.frames()
    end()
    rig.new_frames(50)
    after = rig.camera.frames()[len(before)]
    GAPS[cause] = (before[-1].wall_us, after.wall_us)
    assert after.wall_us - before[-1].wall_us > 2 * US, "that was no gap"
    rig.indexed()


def test_gaps_are_made(rig):
    gap(rig, "unplugged", lambda: rig.camera.fault("unplugged"), lambda: rig.camera.fault("unplugged", 0))
    gap(rig, "recorder down", lambda: rig.stop_recorderd(signal.SIGKILL), rig.start_recorderd)
    gap(rig, "stalled", lambda: rig.camera.fault("stall"), lambda: rig.camera.fault("stall", 0))
    assert_same(sorted(GAPS), ["recorder down", "stalled", "unplugged"])


def span(rig):
    """The whole seconds of all that was recorded."""
    frames = rig.camera.frames()
    return -(-frames[0].wall_us // US) * US, frames[-1].wall_us // US * US


def test_a_clip_across_them_has_every_frame_at_its_time(rig):
    from_us, to_us = span(rig)
    clip = rig.clip(from_us, to_us)
    frames = [frame for frame in rig.camera.frames() if from_us <= frame.wall_us < to_us]
    assert_same([number for _, number in clip], [frame.number % COUNT for frame in frames])
    start_us = frames[0].mono_us
    for (pts_us, number), frame in zip(clip, frames):
        off_us = pts_us - (frame.mono_us - start_us)
        assert abs(off_us) < 2 * TICK_US + 300, f"number {number} is off by {off_us} us"  # each run has read the clocks anew


def test_the_timeline_names_each_gap_and_its_cause(rig):
    told = {one["cause"]: (time_us(one["from"]), time_us(one["to"])) for one in rig.timeline(*span(rig))["gaps"]}
    assert_same(sorted(told), sorted(GAPS))
    for cause, (from_us, to_us) in GAPS.items():
        assert abs(told[cause][0] - from_us) < SLACK_US and abs(told[cause][1] - to_us) < SLACK_US, (cause, told[cause], from_us, to_us)


def spans_of(answer):
    return [tuple(time_us(at) for at in one.split("/")) for one in answer.headers["X-Clip-Spans"].split(", ")]


def test_the_clip_says_what_is_in_it(rig):
    spans = spans_of(rig.footage(*span(rig)))
    told = rig.timeline(*span(rig))["spans"]
    assert len(spans) == len(told) == 4, (spans, told)
    for (from_us, to_us), one in zip(spans, told):
        assert abs(from_us - time_us(one["from"])) < SLACK_US and abs(to_us - time_us(one["to"])) < SLACK_US, (spans, told)


def key_frames(rig, frames, edge_us):
    """One stands on the first frame of each second, and where a run begins: each has a segment of its own here."""
    starts = [time_us(one["start"]) for one in rig.segments()]
    seconds = set()
    for frame in frames:
        second = (frame.wall_us + edge_us) // US
        if second not in seconds or any(abs(frame.wall_us - start) < SAME_FRAME_US for start in starts):
            yield frame
        seconds.add(second)


def firsts_of_slots(keys, from_us, step_us):
    """The frames that a timelapse shows."""
    slots = {}
    for frame in keys:
        slots.setdefault((frame.wall_us - from_us) // step_us, frame)
    return list(slots.values())


def test_a_timelapse_across_them_has_the_first_frame_of_each_slot_at_its_time(rig):
    from_us, to_us = span(rig)
    spans = rig.footage(from_us, to_us).headers["X-Clip-Spans"]
    frames = [frame for frame in rig.camera.frames() if from_us <= frame.wall_us < to_us]
    for speed in (2, 45):
        step_us = max(US, speed * US // 30)
        answer = rig.get(f"/footage?from={from_us // US}&to={to_us // US}&speed={speed}")
        assert answer.headers["X-Clip-Spans"] == spans, (answer.headers["X-Clip-Spans"], spans)
        shown = rig.frames_of(answer.body)
        sides = [firsts_of_slots(key_frames(rig, frames, edge_us), from_us - edge_us, step_us) for edge_us in (-EDGE_US, EDGE_US)]
        assert len(shown) == len(sides[0]), f"{len(shown)} frames, not {len(sides[0])}"
        assert_same([number in {frame.number % COUNT for frame in both} for (_, number), *both in zip(shown, *sides)], [True] * len(sides[0]))
        for pts_us, number in shown:
            taken = next(frame for frame in frames if frame.number % COUNT == number)
            off_us = pts_us - (taken.mono_us - frames[0].mono_us) / speed
            assert abs(off_us) < 2 * TICK_US + 300, f"number {number} is off by {off_us} us"


def test_a_range_that_begins_or_ends_in_a_gap_gives_what_there_is(rig):
    for cause, (from_us, to_us) in GAPS.items():
        middle_us = (from_us + to_us) // 2
        for one_us, other_us in ((from_us - US, middle_us), (middle_us // US * US, to_us + US // 2 + 10000)):
            answer = rig.footage(one_us, other_us)
            first_us = one_us // US * US
            assert answer.status == 200, (cause, answer.body)
            assert_numbers([number for _, number in rig.frames_of(answer.body)], rig.camera.frames(), first_us, other_us, COUNT)
            (span_from_us, span_to_us), = spans_of(answer)
            assert abs(span_from_us - max(first_us, to_us if one_us > from_us else first_us)) < SLACK_US, (cause, spans_of(answer))
            assert abs(span_to_us - min(other_us, other_us if one_us > from_us else from_us)) < SLACK_US, (cause, spans_of(answer))


def test_nothing_but_a_gap_is_a_404_that_names_the_nearest_footage(rig):
    for cause, (from_us, to_us) in GAPS.items():
        one_us = -(-(from_us + SLACK_US) // US) * US
        answer = rig.footage(one_us, min(one_us + US // 2, to_us - SLACK_US))
        assert answer.status == 404, (cause, answer.status)
        for near_us in (from_us, to_us):
            near = time.strftime("%H:%M:%S", time.localtime(near_us / US))
            assert near in answer.detail, (cause, near, answer.detail)


def test_before_and_after_everything_too(rig):
    from_us, to_us = span(rig)
    wait_for(lambda: rig.footage(from_us - 3600 * US, from_us - 3500 * US).status == 404, 1, "404")
    for detail in (rig.footage(from_us - 3600 * US, from_us - 3500 * US).detail, rig.footage(to_us + 3600 * US, to_us + 3601 * US).detail):
        assert time.strftime("%Y-%m-%d", time.localtime()) in detail and "294247" not in detail, detail


def test_recording_that_was_off_is_a_gap_on_the_disk_and_none_in_a_clip(rig):
    rig.new_frames(40)
    assert rig.get("/control?recording=off", method="POST").status == 200
    off_us = rig.clock.now_us()
    rig.new_frames(60)
    assert rig.get("/control?recording=on", method="POST").status == 200
    on_us = rig.clock.now_us()
    rig.new_frames(60)
    rig.indexed()
    from_us, to_us = (off_us - US) // US * US, (on_us + US) // US * US
    causes = [one["cause"] for one in rig.timeline(from_us, to_us)["gaps"]]
    assert causes == ["recording off"], causes
    answer = rig.footage(from_us, to_us)
    wanted = [frame.number % COUNT for frame in rig.camera.frames() if from_us <= frame.wall_us < to_us]
    assert_same([number for _, number in rig.frames_of(answer.body)], wanted)
    assert answer.headers["X-Clip-Source"] == "disk, memory", answer.headers["X-Clip-Source"]


def test_frames_of_that_time_are_not_recorded_by_the_next_recorder_either(rig):
    rig.new_frames(40)
    assert rig.get("/control?recording=off", method="POST").status == 200
    off, off_us = len(rig.camera.frames()), rig.clock.now_us()
    rig.new_frames(60)
    rig.stop_recorderd(signal.SIGKILL)
    down = len(rig.camera.frames())
    rig.start_recorderd()
    rig.new_frames(60)
    rig.indexed()
    frames, recorded = rig.camera.frames(), set(rig.archive_numbers())
    shown = [frame.number % COUNT in recorded for frame in frames]
    assert not any(shown[off + 5:down]), "frames are recorded that came while recording was off"
    assert all(shown[off - 30:off - 5]) and all(shown[down + 20:down + 50]), "others are not"
    causes = [one["cause"] for one in rig.timeline(off_us - US, rig.clock.now_us())["gaps"]]
    assert causes == ["recording off"], causes


def remove_ring(rig):
    """Somebody does, and the recorder makes another."""
    path = f"/dev/shm/recorder.{rig.name}"
    inode = os.stat(path).st_ino
    os.rename(path, path + ".gone")  # so that the number is not given again
    try:
        wait_for(lambda: os.path.exists(path) and os.stat(path).st_ino != inode, 20, "there is a ring again")
    finally:
        os.unlink(path + ".gone")


def test_a_ring_that_was_removed_is_made_anew_and_nothing_that_was_taken_is_lost(rig):
    rig.new_frames(40)
    before, pid = len(rig.camera.frames()), rig.recorderd.pid
    remove_ring(rig)
    rig.new_frames(40)
    wait_for(rig.streaming, 15, "the workers find it")
    assert rig.recorderd.poll() is None and rig.recorderd.pid == pid
    rig.indexed()
    frames, recorded = rig.camera.frames(), set(rig.archive_numbers())
    missing = [frame.number for frame in frames[before - 30:before + 35] if frame.number % COUNT not in recorded]
    assert not missing, missing
    causes = [one["cause"] for one in rig.timeline(frames[before].wall_us - US, rig.clock.now_us())["gaps"]]
    assert causes == ["recorder down"], causes
    assert "was removed" in rig.log()


def test_recording_that_was_off_stays_so_over_it(rig):
    assert rig.get("/control?recording=off", method="POST").status == 200
    remove_ring(rig)
    rig.new_frames(20)
    wait_for(rig.streaming, 15, "the workers find it")
    assert rig.get("/camera_info").json()["recording"]["state"] == "off"
    assert rig.get("/control?recording=on", method="POST").status == 200
    rig.new_frames(20)
    rig.indexed()


def test_a_change_of_the_picture_size_is_one_clip_of_the_larger_size(rig):
    large = rig.path("large.frames")
    subprocess.run([os.path.join(BUILD, "tests", "tools", "make_frames"), "-s", "640x360", "-b", "12000", "-n", "3000", large], check=True)
    rig.new_frames(50)
    rig.stop_recorderd()
    rig.camera.line = re.sub(r"(frames=\S+)", rf"\1,{large}", rig.camera.line)
    rig.write_ini({"camera": {"width": 640, "height": 360}})
    rig.start_recorderd()
    rig.new_frames(50)
    rig.indexed()
    to_us = rig.camera.frames()[-1].wall_us
    from_us = (to_us - 6 * US) // US * US
    answer = rig.footage(from_us, to_us)
    assert answer.headers["X-Clip-Source"] == "transcoded", (answer.status, answer.headers["X-Clip-Source"])
    wanted = [frame.number % COUNT for frame in rig.camera.frames() if from_us <= frame.wall_us < to_us]
    assert_same([number for _, number in rig.frames_of(answer.body)], wanted)
    probed = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0", rig.path("answer.mp4")],
                            capture_output=True, text=True, check=True).stdout
    assert probed.strip() == "640,360", probed


if __name__ == "__main__":
    main(globals(), settings={"record": {"segment_seconds": 3600}, "http": {"allow_control": "yes"}})
