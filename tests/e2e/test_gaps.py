#!/usr/bin/env python3
"""A clip across gaps has all the footage, at its times, and says what is missing. A range inside a gap names the nearest footage."""
import os
import re
import signal
import subprocess
import time

from support import BUILD
from support.exact import EDGE_US, TICK_US, assert_numbers, frames_within, just_after, second_after
from support.faulty_rig import COUNT, FaultyRig, assert_same, main
from support.rig import program
from support.tap import shared
from support.times import PATIENCE_S, US, time_us, wait_for

from clip_frames import clip_numbers

GAP_S = 3
SLACK_US = 200000
SAME_FRAME_US = 2000  # times in answers are in milliseconds


class Recording:
    """Footage of [from_us, to_us), in whole seconds, with three gaps of different causes (`gaps`)."""

    def __init__(self, rig):
        self.rig, self.gaps = rig, {}  # cause -> (last frame before, first frame after it)
        self.ongoing = {}  # cause -> what /timeline says during it
        camera = rig.camera
        self.from_us = second_after(camera.newest())
        self.gap("unplugged", lambda: camera.fault("unplugged"), lambda: camera.fault("unplugged", 0))
        self.gap("recorder down", lambda: rig.stop_recorderd(signal.SIGKILL), rig.start_recorderd)
        self.gap("stalled", lambda: camera.fault("stall"), lambda: camera.fault("stall", 0))
        self.to_us = camera.newest().wall_us // US * US
        rig.indexed()

    def gap(self, cause, begin, end):
        """Records for more than two seconds, makes a gap, and records again."""
        self.rig.new_frames(75)
        begin()
        time.sleep(GAP_S)  # the length of the gap
        before = self.rig.camera.frames()
        day_us = 24 * 3600 * US
        self.ongoing[cause] = wait_for(lambda: self.rig.timeline(self.from_us, self.from_us + day_us)["ongoing"], PATIENCE_S, "it is noticed")
        end()
        self.rig.new_frames(50)
        after = self.rig.camera.frames()[len(before)]
        self.gaps[cause] = (before[-1].wall_us, after.wall_us)
        assert after.wall_us - before[-1].wall_us > 2 * US, "there was no gap"
        self.rig.indexed()

    @property
    def span(self):
        return self.from_us, self.to_us

    def frames(self):
        return frames_within(self.rig.camera.frames(), *self.span)


recording_with_gaps = shared(Recording)


def test_gaps_are_made(rig):
    assert_same(sorted(recording_with_gaps(rig).gaps), ["recorder down", "stalled", "unplugged"])


def test_a_clip_across_them_has_every_frame_at_its_time(rig):
    made = recording_with_gaps(rig)
    clip, frames = rig.clip(*made.span), rig.camera.frames()
    assert_numbers([number for _, number in clip], frames, *made.span, COUNT)
    taken = {frame.number % COUNT: frame.mono_us for frame in frames}
    start_us = taken[clip[0][1]]
    for pts_us, number in clip:
        off_us = pts_us - (taken[number] - start_us)
        assert abs(off_us) < 2 * TICK_US + 300, f"number {number} is off by {off_us} us"  # each run has read the clocks again


def test_a_gap_that_is_not_over_is_told(rig):
    made = recording_with_gaps(rig)
    for cause, gap in made.ongoing.items():
        assert_same(gap["cause"], cause)
        assert abs(time_us(gap["from"]) - made.gaps[cause][0]) < SLACK_US, (cause, gap, made.gaps[cause])
    assert rig.timeline(*made.span)["ongoing"] is None


def test_the_timeline_adds_up_what_is_missing(rig):
    made = recording_with_gaps(rig)
    answer = rig.timeline(*made.span)
    summary = answer["summary"]
    assert_same({one["cause"]: one["gaps"] for one in summary["causes"]}, {cause: 1 for cause in made.gaps})
    assert_same(summary["gaps"], len(made.gaps))
    missing = sum(gap["duration"] for gap in answer["gaps"])
    assert abs(summary["missing"] - missing) < 0.01, (summary, missing)
    whole = (made.to_us - made.from_us) / US
    assert abs(summary["recorded"] - (whole - missing)) < 0.1, (summary, whole, missing)
    assert abs(summary["share"] - (1 - missing / whole)) < 0.01, (summary, whole, missing)


def test_a_report_has_each_day_and_each_gap(rig):
    recording_with_gaps(rig)
    command = [program("recorderd"), "-c", rig.path("recorder.ini"), "--report"]
    lines = subprocess.run([*command, "2"], capture_output=True, text=True, check=True).stdout.splitlines()
    days = [line for line in lines if re.match(r"  \w{3} \d{4}-\d\d-\d\d .* (%|-)", line)]
    assert_same(len(days), 2)
    total, = [line for line in lines if line.startswith("  all ")]
    for cause in ("unplugged", "recorder down", "stalled"):
        assert cause in total, total
        assert [line for line in lines if re.search(rf" to \w{{3}} \d\d:\d\d:\d\d .*  {cause}$", line)], (cause, lines)
    assert subprocess.run([*command, "0"], capture_output=True, check=False).returncode == 2


def test_the_timeline_names_each_gap_and_its_cause(rig):
    made = recording_with_gaps(rig)
    listed = {one["cause"]: (time_us(one["from"]), time_us(one["to"])) for one in rig.timeline(*made.span)["gaps"]}
    assert_same(sorted(listed), sorted(made.gaps))
    for cause, (from_us, to_us) in made.gaps.items():
        assert abs(listed[cause][0] - from_us) < SLACK_US and abs(listed[cause][1] - to_us) < SLACK_US, (cause, listed[cause], from_us, to_us)


def spans_of(answer):
    return [tuple(time_us(at) for at in one.split("/")) for one in answer.headers["X-Clip-Spans"].split(", ")]


def test_the_clip_says_what_is_in_it(rig):
    span = recording_with_gaps(rig).span
    spans = spans_of(rig.footage(*span))
    listed = rig.timeline(*span)["spans"]
    assert len(spans) == len(listed) == 4, (spans, listed)
    for (from_us, to_us), one in zip(spans, listed):
        assert abs(from_us - time_us(one["from"])) < SLACK_US and abs(to_us - time_us(one["to"])) < SLACK_US, (spans, listed)


def key_frames(rig, frames, edge_us):
    """The first frame of each second is one, and the first of each run; here each run has a segment of its own."""
    starts = [time_us(one["start"]) for one in rig.segments()]
    seconds = set()
    for frame in frames:
        second = (frame.wall_us + edge_us) // US
        if second not in seconds or any(abs(frame.wall_us - start) < SAME_FRAME_US for start in starts):
            yield frame
        seconds.add(second)


def first_of_each_slot(keys, from_us, step_us):
    """The frames that a timelapse shows: the first of each slot."""
    slots = {}
    for frame in keys:
        slots.setdefault((frame.wall_us - from_us) // step_us, frame)
    return list(slots.values())


def test_a_timelapse_across_them_has_the_first_frame_of_each_slot_at_its_time(rig):
    made = recording_with_gaps(rig)
    from_us, to_us = made.span
    spans = rig.footage(from_us, to_us).headers["X-Clip-Spans"]
    frames = made.frames()
    for speed in (2, 45):
        step_us = max(US, speed * US // 30)
        answer = rig.get(f"/footage?from={from_us // US}&to={to_us // US}&speed={speed}")
        assert answer.headers["X-Clip-Spans"] == spans, (answer.headers["X-Clip-Spans"], spans)
        shown = rig.frames_of(answer.body)
        sides = [first_of_each_slot(key_frames(rig, frames, edge_us), from_us - edge_us, step_us) for edge_us in (-EDGE_US, EDGE_US)]
        assert len(shown) in map(len, sides), f"{len(shown)} frames, expected {len(sides[0])}"
        assert_same([number in {frame.number % COUNT for frame in both} for (_, number), *both in zip(shown, *sides)], [True] * len(shown))
        for pts_us, number in shown:
            taken = next(frame for frame in frames if frame.number % COUNT == number)
            off_us = pts_us - (taken.mono_us - frames[0].mono_us) / speed
            assert abs(off_us) < 2 * TICK_US + 300, f"number {number} is off by {off_us} us"


def test_a_range_that_begins_or_ends_in_a_gap_has_the_rest(rig):
    for cause, (from_us, to_us) in recording_with_gaps(rig).gaps.items():
        middle_us = (from_us + to_us) // 2
        for one_us, other_us in ((from_us - US, middle_us), (middle_us // US * US, to_us + US // 2 + 10000)):
            answer = rig.footage(one_us, other_us)
            first_us = one_us // US * US
            assert answer.status == 200, (cause, answer.body)
            assert_numbers([number for _, number in rig.frames_of(answer.body)], rig.camera.frames(), first_us, other_us, COUNT)
            (span_from_us, span_to_us), = spans_of(answer)
            assert abs(span_from_us - max(first_us, to_us if one_us > from_us else first_us)) < SLACK_US, (cause, spans_of(answer))
            assert abs(span_to_us - min(other_us, other_us if one_us > from_us else from_us)) < SLACK_US, (cause, spans_of(answer))


def test_a_range_inside_a_gap_is_a_404_that_names_the_nearest_footage(rig):
    for cause, (from_us, to_us) in recording_with_gaps(rig).gaps.items():
        one_us = -(-(from_us + SLACK_US) // US) * US
        answer = rig.footage(one_us, min(one_us + US // 2, to_us - SLACK_US))
        assert answer.status == 404, (cause, answer.status)
        listed = [time_us(one) for one in re.findall(r"(?:ends|begins) at (\S+\d)", answer.detail)]
        assert len(listed) == 2 and all(abs(one - near) < SLACK_US for one, near in zip(listed, (from_us, to_us))), (cause, answer.detail)


def test_before_and_after_all_footage_the_nearest_is_named(rig):
    from_us, to_us = recording_with_gaps(rig).span
    wait_for(lambda: rig.footage(from_us - 3600 * US, from_us - 3500 * US).status == 404, PATIENCE_S, "404")
    asked = {from_us: rig.footage(from_us - 3600 * US, from_us - 3500 * US), to_us: rig.footage(to_us + 3600 * US, to_us + 3601 * US)}
    for near_us, answer in asked.items():
        assert time.strftime("%Y-%m-%d", time.localtime(near_us / US)) in answer.detail and "294247" not in answer.detail, answer.detail


def played(rig, from_us, to_us):
    """The numbers that FFmpeg shows of the playlist of a range, with its usual settings, without any complaint."""
    url = f"http://127.0.0.1:{rig.port}/playlist.m3u8?from={from_us / US:.6f}&to={to_us / US:.6f}"
    path = rig.path("played.mkv")
    done = subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", url, "-c", "copy", path], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0 and not done.stderr, done
    return clip_numbers(path)


def test_a_playlist_across_them_plays_in_ffmpeg(rig):
    made = recording_with_gaps(rig)
    assert_numbers(played(rig, *made.span), rig.camera.frames(), *made.span, COUNT)


def test_a_playlist_follows_the_rules_of_hls(rig):
    """RFC 8216: a discontinuity before each new map but the first, a date after it, and no entry longer than the target."""
    from_us, to_us = recording_with_gaps(rig).span
    lines = rig.get(f"/playlist.m3u8?from={from_us // US}&to={to_us // US}").body.decode().splitlines()
    maps = [at for at, line in enumerate(lines) if line.startswith("#EXT-X-MAP")]
    assert len(maps) >= 4, lines
    for at in maps:
        uri, size = re.fullmatch(r'#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@0"', lines[at]).groups()
        assert len(rig.get("/" + uri).body) == int(size), lines[at]
        assert (lines[at - 1] == "#EXT-X-DISCONTINUITY") == (at != maps[0]), lines[at - 1]
        assert lines[at + 1].startswith("#EXT-X-PROGRAM-DATE-TIME:"), lines[at + 1]
    target, = [int(line.partition(":")[2]) for line in lines if line.startswith("#EXT-X-TARGETDURATION")]
    assert all(round(float(line[8:-1])) <= target for line in lines if line.startswith("#EXTINF")), lines


def switch(rig, recording):
    assert rig.get(f"/control?recording={recording}", method="POST").status == 200


def test_recording_off_is_a_gap_on_the_disk_but_not_in_a_clip(rig):
    from_us = second_after(rig.camera.newest())
    rig.new_frames(40)
    switch(rig, "off")
    rig.new_frames(60)
    switch(rig, "on")
    rig.new_frames(60)
    to_us = just_after(rig.camera.newest())
    rig.indexed()
    causes = [one["cause"] for one in rig.timeline(from_us, to_us)["gaps"]]
    assert causes == ["recording off"], causes
    answer = rig.footage(from_us, to_us)
    assert_numbers([number for _, number in rig.frames_of(answer.body)], rig.camera.frames(), from_us, to_us, COUNT)
    assert answer.headers["X-Clip-Source"] == "disk, memory", answer.headers["X-Clip-Source"]


def test_the_next_recorder_does_not_record_frames_of_that_time_either(rig):
    from_us = second_after(rig.camera.newest())
    rig.new_frames(40)
    last = len(rig.camera.frames())
    switch(rig, "off")
    off = len(rig.camera.frames())
    rig.new_frames(60)
    rig.stop_recorderd(signal.SIGKILL)
    down = len(rig.camera.frames())
    rig.start_recorderd()
    rig.new_frames(60)
    to_us = just_after(rig.camera.newest())
    rig.indexed()
    frames, recorded = rig.camera.frames(), set(rig.archive_numbers())
    shown = [frame.number % COUNT in recorded for frame in frames]
    assert not any(shown[off + 5:down]), "frames were recorded while recording was off"
    assert all(shown[last - 30:last]) and all(shown[down + 20:down + 50]), "other frames were not recorded"
    causes = [one["cause"] for one in rig.timeline(from_us, to_us)["gaps"]]
    assert causes == ["recording off"], causes


def remove_ring(rig):
    """Removes the ring, and waits until the recorder has created another."""
    path = f"/dev/shm/recorder.{rig.name}"
    inode = os.stat(path).st_ino
    os.rename(path, path + ".gone")  # so that its inode number is not reused
    try:
        wait_for(lambda: os.path.exists(path) and os.stat(path).st_ino != inode, PATIENCE_S, "there is a new ring")
    finally:
        os.unlink(path + ".gone")


def test_a_ring_that_was_removed_is_created_again_and_no_frame_is_lost(rig):
    from_us = second_after(rig.camera.newest())
    rig.new_frames(40)
    before, pid = len(rig.camera.frames()), rig.recorderd.pid
    remove_ring(rig)
    rig.new_frames(40)
    wait_for(rig.streaming, PATIENCE_S, "the workers find the ring")
    assert rig.recorderd.poll() is None and rig.recorderd.pid == pid
    to_us = just_after(rig.camera.newest())
    rig.indexed()
    frames, recorded = rig.camera.frames(), set(rig.archive_numbers())
    missing = [frame.number for frame in frames[before - 30:before + 35] if frame.number % COUNT not in recorded]
    assert not missing, missing
    causes = [one["cause"] for one in rig.timeline(from_us, to_us)["gaps"]]
    assert causes == ["recorder down"], causes
    assert "was removed" in rig.log()


def test_recording_that_was_off_stays_off(rig):
    switch(rig, "off")
    remove_ring(rig)
    rig.new_frames(20)
    wait_for(rig.streaming, PATIENCE_S, "the workers find the ring")
    assert rig.get("/camera_info").json()["recording"]["state"] == "off"
    switch(rig, "on")
    rig.new_frames(20)
    rig.indexed()


SETTINGS = {"record": {"segment_seconds": 3600}, "http": {"allow_control": "yes"}}


def test_a_change_of_the_picture_size_is_one_clip_of_the_larger_size(_):
    with FaultyRig(SETTINGS) as rig:
        rig.start()
        large = rig.path("large.frames")
        subprocess.run([os.path.join(BUILD, "tests", "tools", "make_frames"), "-s", "640x360", "-b", "12000", "-n", "3000", large], check=True)
        from_us = second_after(rig.camera.newest())
        rig.new_frames(50)
        rig.stop_recorderd()
        small = rig.camera.newest().number
        rig.camera.line = re.sub(r"(frames=\S+)", rf"\1,{large}", rig.camera.line)
        rig.write_ini({**SETTINGS, "camera": {"width": 640, "height": 360}})
        rig.start_recorderd()
        rig.new_frames(50)
        to_us = just_after(rig.camera.newest())
        rig.indexed()
        answer = rig.footage(from_us, to_us)
        assert answer.headers["X-Clip-Source"] == "transcoded", (answer.status, answer.headers["X-Clip-Source"])
        shown = [number for _, number in rig.frames_of(answer.body)]
        assert_numbers(shown, rig.camera.frames(), from_us, to_us, COUNT)
        assert shown[0] <= small < shown[-1], (shown[0], small, shown[-1])
        probed = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0", rig.path("answer.mp4")],
                                capture_output=True, text=True, check=True).stdout
        assert probed.strip() == "640,360", probed
        assert_numbers(played(rig, from_us, to_us), rig.camera.frames(), from_us, to_us, COUNT)


if __name__ == "__main__":
    main(globals(), before=FaultyRig.restore, settings=SETTINGS)
