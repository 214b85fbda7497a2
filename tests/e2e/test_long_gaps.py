#!/usr/bin/env python3
"""A gap of twenty hours, which does not fit into 32 bits at 90 kHz: in a clip, kept, as a timelapse, in a playlist and on the timeline."""
import re
import subprocess

from support.exact import assert_numbers, difference, frames_within, just_after, second_after
from support.faulty_rig import COUNT, HOUR_US, main
from support.tap import shared
from support.times import US, time_us

GAP_US = 20 * HOUR_US
SETTINGS = {"http": {"allow_control": "yes", "max_clip_minutes": 1500}, "record": {"segment_seconds": 3600}}
NEAR_US = 60  # a clip with such a gap has ticks of 1/22500 s, and two clocks were read


@shared
def parted(rig):
    """[from_us, to_us) around the gap, with nothing else missing."""
    from_us = second_after(rig.camera.newest())
    rig.new_frames(70)
    rig.clock.step(GAP_US // US)
    rig.new_frames(40)
    to_us = just_after(rig.camera.newest())
    rig.indexed()
    return from_us, to_us


def spans_of(answer):
    return [tuple(map(time_us, span.split("/"))) for span in answer.headers["X-Clip-Spans"].split(", ")]


def length_us(rig, mp4):
    path = rig.path("length.mp4")
    with open(path, "wb") as file:
        file.write(mp4)
    done = subprocess.run(["ffprobe", "-v", "warning", "-show_entries", "format=duration:stream=duration", "-of", "csv=p=0", path],
                          capture_output=True, text=True, check=True)
    assert not done.stderr, done.stderr
    lengths = {round(float(line) * US) for line in done.stdout.split()}
    assert max(lengths) - min(lengths) < NEAR_US, lengths
    return max(lengths)


def assert_frames(rig, mp4, from_us, to_us):
    """The clip has the frames of that range, each as far from the first one as when it was taken."""
    shown = rig.frames_of(mp4)
    frames = rig.camera.frames()
    assert_numbers([number for _, number in shown], frames, from_us, to_us, COUNT)
    taken = {frame.number % COUNT: frame.wall_us for frame in frames_within(frames, from_us - US, to_us + US)}
    start_us = taken[shown[0][1]]
    wrong = [(number, pts_us - taken[number] + start_us) for pts_us, number in shown if abs(pts_us - taken[number] + start_us) > 300]
    assert not wrong, wrong[:5]
    assert shown[-1][0] > GAP_US


def test_the_clip_shows_its_frames_at_their_times(rig):
    from_us, to_us = parted(rig)
    answer = rig.footage(from_us, to_us)
    assert answer.status == 200, answer.body[:300]
    assert_frames(rig, answer.body, from_us, to_us)
    length = length_us(rig, answer.body)
    assert abs(length - (to_us - from_us)) < NEAR_US, length


def test_its_spans_are_those_of_the_timeline(rig):
    from_us, to_us = parted(rig)
    line = rig.timeline(from_us, to_us)
    spans = spans_of(rig.footage(from_us, to_us))
    shown = [(time_us(span["from"]), time_us(span["to"])) for span in line["spans"]]
    assert len(spans) == len(shown) == 2, (spans, shown)
    assert all(abs(a - b) < 100000 for one, other in zip(spans, shown) for a, b in zip(one, other)), (spans, shown)
    gaps = [(time_us(gap["from"]), time_us(gap["to"]), gap["cause"]) for gap in line["gaps"]]
    assert gaps == [(shown[0][1], shown[1][0], "clock")], (gaps, shown)
    assert abs(gaps[0][1] - gaps[0][0] - GAP_US) < US, gaps


def test_it_is_kept_unchanged(rig):
    from_us, to_us = parted(rig)
    made = rig.get(f"/clips?from={from_us / US:.6f}&to={to_us / US:.6f}&name=parted", "POST")
    assert made.status == 201, made.body
    kept, clip = rig.get("/clips/parted.mp4").body, rig.footage(from_us, to_us).body
    assert kept == clip, difference(list(kept), list(clip))


def test_played_faster_it_is_that_much_shorter(rig):
    from_us, to_us = parted(rig)
    for speed in (2, 3600):
        answer = rig.get(f"/footage?from={from_us / US:.6f}&to={to_us / US:.6f}&speed={speed}")
        assert answer.status == 200, answer.body[:300]
        length, shown = length_us(rig, answer.body), rig.frames_of(answer.body)
        assert abs(length - (to_us - from_us) / speed) < NEAR_US + US / speed, (speed, length)
        assert len(shown) >= 2 and shown[-1][0] >= GAP_US // speed - US, (speed, shown)


def test_a_playlist_leaves_it_out_and_says_so(rig):
    from_us, to_us = parted(rig)
    answer = rig.get(f"/playlist.m3u8?from={from_us / US:.6f}&to={to_us / US:.6f}")
    text = answer.body.decode()
    assert text.count("#EXT-X-DISCONTINUITY") == 1 and text.count("#EXT-X-PROGRAM-DATE-TIME") == 2, text
    lasts = sum(round(float(one) * US) for one in re.findall(r"#EXTINF:([\d.]+)", text))
    recorded = sum(to - begin for begin, to in spans_of(rig.footage(from_us, to_us)))
    assert abs(lasts - recorded) < 200000, (lasts, recorded)
    target = int(re.search(r"TARGETDURATION:(\d+)", text)[1])
    assert all(float(one) <= target for one in re.findall(r"#EXTINF:([\d.]+)", text)), text


if __name__ == "__main__":
    main(globals(), settings=SETTINGS)
