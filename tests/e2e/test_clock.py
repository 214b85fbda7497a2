#!/usr/bin/env python3
"""The clock is set forward and back, by fractions of a second and by decades: each frame is there once, and nothing is overwritten or deleted."""
import contextlib
import hashlib
import os
import time

from support.exact import assert_numbers, frames_within, just_after, second_after
from support.faulty_rig import COUNT, FaultyRig, assert_in_order, assert_same, main
from support.live_video import live_video
from support.s3_server import S3Server
from support.ship import ShippingRig
from support.times import PATIENCE_S, US, wait_for

SETTINGS = {"camera": {"fps": 60}, "retention": {"hours": 2, "min_free_gb": 0}}
YEAR_2026 = 1767225600  # no recorder is older
YEAR_2036 = 2090000000  # near the end of signed 32-bit seconds


def usual(rig):
    """Restores the clock, in case a failed case has left it wrong."""
    rig.clock.synchronised(True)
    if abs(rig.clock.offset_us) > 60 * US:
        rig.clock.set_offset(0)
    rig.restore()


def taken_until(rig, at_us):
    """Waits for a frame of that time on the rig's clock, or a later one."""
    wait_for(lambda: rig.camera.newest().wall_us >= at_us, PATIENCE_S, "a frame of that time is taken")


def step(rig, seconds, move=None):
    """Steps the clock while frames arrive. Returns the first segment after the step, once it is listed."""
    rig.new_frames(40)
    known = {one["file"] for one in rig.segments()}
    (move or rig.clock.step)(seconds)
    rig.new_frames(20)

    def listed():
        new = [one for one in rig.segments() if one["file"] not in known]
        return new[-1] if new else None
    return wait_for(listed, PATIENCE_S, f"a new segment after {seconds} s")


def test_each_clock_step_begins_a_new_segment_with_that_cause(rig):
    before = len(rig.segments())
    for seconds in (0.4, -0.4, 3600, -3600, -3600, 3600, -1, 0.02):
        step(rig, seconds)
    assert len(rig.segments()) >= before + 8, rig.segments()
    causes = [gap["cause"] for gap in rig.timeline(0, rig.clock.now_us() + 2 * 3600 * US)["gaps"]]
    assert causes.count("clock") >= 4, causes  # a step back leaves no time without footage


def test_live_video_goes_on_and_has_the_new_time(rig):
    with live_video(rig) as viewer:
        assert viewer.read(10)
        for seconds in (3600, -3600, 0.4, -0.4):
            before = len(viewer.fragments)
            step(rig, seconds)
            newest = rig.camera.newest()
            while not any(abs((one.captured_us or 0) - newest.wall_us) < 30 * US and one.captured_us >= newest.wall_us
                          for one in viewer.fragments[before:] if one.captured_us):
                assert viewer.read(1), "the stream ended"
    times = [one.time_us for one in viewer.fragments]
    assert all(0 < after - before < US for before, after in zip(times, times[1:])), "time in the video jumps"
    shown, taken = viewer.numbers(), [frame.number % COUNT for frame in rig.camera.frames()]
    first = taken.index(shown[0])
    assert_same(shown, taken[first:first + len(shown)])


def test_a_suspended_machine_is_a_gap_with_that_cause_and_no_warning(rig):
    warned, asleep_us = rig.log().count("the clock was set"), rig.clock.now_us()
    step(rig, 5400, rig.clock.suspend)
    gaps = [gap for gap in rig.timeline(asleep_us, rig.clock.now_us())["gaps"] if gap["duration"] > 60]
    assert gaps and all(gap["cause"] == "suspended" for gap in gaps), gaps  # two: the step by an hour lies in between
    assert "the machine was suspended for 5400 s" in rig.log() and rig.log().count("the clock was set") == warned, rig.log()
    wait_for(lambda: 'cause="suspended"} 1' in rig.get("/metrics").body.decode(), PATIENCE_S, "the gap is counted")
    assert "clock" not in rig.warnings(), rig.warnings()


def test_a_range_keeps_the_wall_time_that_it_was_recorded_with(rig):
    step(rig, -3600)
    from_us = second_after(rig.camera.newest())
    rig.new_frames(75)
    to_us = just_after(rig.camera.newest())
    rig.indexed()
    shown = [number for _, number in rig.clip(from_us, to_us)]
    step(rig, 3600)
    assert_numbers(shown, rig.camera.frames(), from_us, to_us, COUNT)
    assert_same([number for _, number in rig.clip(from_us, to_us)], shown)


def test_a_second_that_came_twice_is_shown_twice_in_the_order_of_recording(rig):
    again = step(rig, 7200)
    rig.new_frames(60)
    start = time.strptime(again["start_time"], "%Y%m%d_%H%M%S")
    first_us = round(time.mktime(start)) * US
    rig.clock.step((first_us - rig.clock.now_us()) / US + 0.05)  # back into the very second that names the segment
    rig.new_frames(20)
    taken_until(rig, first_us + 2 * US)
    rig.indexed()
    twin = again["file"].replace(".mp4", "_2.mp4")
    assert twin in os.listdir(rig.recordings), os.listdir(rig.recordings)
    wanted = [frame.number % COUNT for frame in frames_within(rig.camera.frames(), first_us, first_us + 2 * US)]
    answer = rig.footage(first_us, first_us + 2 * US)
    numbers = [number for _, number in rig.frames_of(answer.body)]
    assert len(wanted) > 70, "the second came once"
    assert numbers == sorted(set(numbers)) and len(numbers) > 70, numbers
    assert abs(len(numbers) - len(wanted)) <= 1, f"{len(numbers)} frames, expected {len(wanted)}"
    assert answer.headers["X-Clip-Spans"].count("/") == 2, answer.headers["X-Clip-Spans"]
    rig.clock.step(-7200)


def test_a_wrong_clock_never_deletes_anything(rig):
    rig.clock.synchronised(False)
    names = {one["file"] for one in rig.segments()}
    now_us = rig.clock.now_us()
    for epoch in (100, YEAR_2036, 5000):
        rig.new_frames(20)
        rig.clock.set(epoch)
        rig.new_frames(60)
        rig.indexed()
        wait_for(lambda: "clock" in rig.warnings(), PATIENCE_S, "/health warns")
    rig.clock.step(now_us / US - rig.clock.now_us() / US + 30)
    rig.new_frames(30)
    rig.clock.synchronised(True)
    wait_for(lambda: "clock" not in rig.warnings(), PATIENCE_S, "/health has no complaint")
    gone = names - {one["file"] for one in rig.segments()}
    assert not gone, f"deleted: {gone}"
    names = {one["file"] for one in rig.segments()}
    assert any(name.startswith("recording_1970") for name in names) and any(name.startswith("recording_2036") for name in names)


def test_the_web_server_keeps_running_through_all_of_it(rig):
    assert "restart" not in rig.log("lighttpd.log"), rig.log("lighttpd.log")


def test_the_archive_has_every_frame_once_in_the_order_of_recording(rig):
    kept = {}
    for one in rig.segments():
        if one["state"] == "complete":
            with open(os.path.join(rig.recordings, one["file"]), "rb") as file:
                kept[one["file"]] = hashlib.sha1(file.read()).digest()
    assert rig.stop_recorderd() == 0
    for name, digest in kept.items():
        with open(os.path.join(rig.recordings, name), "rb") as file:
            assert hashlib.sha1(file.read()).digest() == digest, f"{name} was written again"
    listed = sorted(rig.segments(), key=lambda one: os.stat(os.path.join(rig.recordings, one["file"])).st_mtime_ns)
    assert_same([one["file"] for one in rig.segments()], [one["file"] for one in listed])
    assert_in_order(rig.archive_numbers(), rig.taken(), missing=2)


def final(answer):
    return answer.status == 200 and "max-age" in answer.headers["Cache-Control"]


class ShippingFaultyRig(ShippingRig, FaultyRig):
    """Its recorder-ship has the rig's clock, too."""


def test_footage_of_a_clock_that_was_wrong_at_boot_gets_its_true_time_also_in_the_store(_):
    with S3Server() as store, ShippingFaultyRig(store, {"retention": {"hours": 72, "min_free_gb": 0}}) as rig:
        rig.clock.synchronised(False)
        rig.clock.set(90)
        wrong_us = rig.clock.offset_us
        rig.start()
        rig.start_ship()
        rig.new_frames(30)
        from_us = second_after(rig.camera.newest())  # in 1970
        rig.new_frames(75)
        to_us = just_after(rig.camera.newest())
        rig.indexed()
        rig.new_frames(360)  # more than can still be on its way
        answer = rig.footage(from_us, to_us)
        shown = [number for _, number in rig.frames_of(answer.body)]
        assert answer.status == 200 and not final(answer), dict(answer.headers)
        shipped = wait_for(rig.entries, PATIENCE_S, "a segment is in the store before its time is known")
        number, wrong_start_us, object_us = shipped[0]
        assert wrong_start_us == object_us, shipped
        names = [name for name in store.order if f"/{number:012}-" in name and "/segments/" in name]

        rig.clock.set_offset(0)
        rig.clock.synchronised(True)
        true_from_us, true_to_us = from_us - wrong_us, to_us - wrong_us
        wait_for(lambda: rig.footage(true_from_us, true_to_us).status == 200, PATIENCE_S, "it is found under its true time")
        wait_for(lambda: not any("1970" in one["file"] for one in rig.segments()), PATIENCE_S, "all of it is")
        numbers = [number for _, number in rig.clip(true_from_us, true_to_us)]
        # The range begins within a second, so the answer has all of that second. The clock's two readings may differ by a frame.
        assert len(set(shown) - set(numbers)) <= 1 and len(numbers) <= len(shown) + 32, (shown, numbers)
        assert rig.timeline(0, YEAR_2026 * US)["spans"] == []
        assert final(rig.footage(true_from_us, true_to_us)) and "clock" not in rig.warnings(), rig.warnings()
        assert rig.footage(from_us, to_us).status == 404
        wait_for(lambda: not [one for one in rig.entries() if one[1] < YEAR_2026 * US], PATIENCE_S, "the lists of days have the true times")
        corrected = {one[0]: one[1:] for one in rig.entries()}
        assert abs(corrected[number][0] - wrong_start_us + wrong_us) < US, (corrected, shipped)
        assert corrected[number][1] == object_us, "its objects keep their names"
        assert [name for name in store.order if f"/{number:012}-" in name and "/segments/" in name] == names, "nothing is put again"
        names = {one["file"] for one in rig.segments()}
        rig.stop_recorderd()
        rig.start_recorderd()
        wait_for(rig.recording, PATIENCE_S, "recording")
        assert names <= {one["file"] for one in rig.segments()}, "the correction happens once"


# In Berlin, clocks went back from 03:00 to 02:00 at the first of these, and forward from 02:00 to 03:00 at the second.
AUTUMN_2026, SPRING_2026 = 1792890000, 1774746000


@contextlib.contextmanager
def berlin(change):
    """A recorder of its own that began to record an hour before that second; its clock is now two seconds before it."""
    with FaultyRig({"record": {"segment_seconds": 10}}) as rig:
        rig.environment["TZ"] = "Europe/Berlin"
        rig.clock.set(change - 3600)
        rig.start()
        rig.clock.set(change - 2)
        yield rig


def numbers_between(rig, from_text, to_text):
    answer = rig.get(f"/footage?from={from_text}&to={to_text}")
    assert answer.status == 200, answer.body
    return [number for _, number in rig.frames_of(answer.body)]


def test_the_repeated_hour_in_autumn_is_recorded_twice_and_shown_whole(_):
    with berlin(AUTUMN_2026) as rig:
        taken_until(rig, (AUTUMN_2026 + 1) * US)
        rig.clock.set(AUTUMN_2026 + 3600 - 2)
        taken_until(rig, (AUTUMN_2026 + 3601) * US)
        rig.indexed()
        names = [one["file"] for one in rig.segments()]
        assert len([name for name in names if name.startswith("recording_20261025_0259")]) >= 2, names
        shown = numbers_between(rig, "20261025_025959", "20261025_025959_990")
        assert_numbers(shown, rig.camera.frames(), (AUTUMN_2026 - 1) * US, (AUTUMN_2026 + 3600) * US - 10000, COUNT)
        starts = [one["start"][-6:] for one in rig.segments()]
        assert starts[0] == "+02:00" and starts[-1] == "+01:00", starts
        first, second = (rig.get(f"/footage?from={end - 1}&to={end}", "HEAD").headers["Content-Disposition"] for end in (AUTUMN_2026, AUTUMN_2026 + 3600))
        assert "_20261025_025959+0200_20261025_020000+0100.mp4" in first and "_20261025_025959+0100_20261025_030000+0100.mp4" in second, (first, second)


def test_the_missing_hour_in_spring_is_neither_a_gap_nor_a_valid_time(_):
    with berlin(SPRING_2026) as rig:
        first = SPRING_2026 * US - US
        taken_until(rig, first + 2 * US)
        rig.indexed()
        shown = numbers_between(rig, "20260329_015959", "20260329_030001")
        assert_numbers(shown, rig.camera.frames(), first, first + 2 * US, COUNT)
        assert rig.timeline(first, first + 2 * US)["gaps"] == []
        assert rig.get("/footage?from=20260329_021000&to=20260329_031000").status == 400


if __name__ == "__main__":
    main(globals(), before=usual, settings=SETTINGS, fps="60")
