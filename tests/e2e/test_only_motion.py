#!/usr/bin/env python3
"""only=motion: clips and playlists of exactly the seconds in which something moved, of frames that a recorder has recorded."""
import glob
import os
import random
import re
import sys

from support.exact import AFTER_US, difference, frames_within
from support.made_archive import make_motion
from support.rig import Rig
from support.tap import run_tests
from support.times import PATIENCE_S, US, time_us, wait_for

COUNT, SECONDS = 9000, 12  # frames in the file of frames; whole seconds that are asked for
SETTINGS = {"record": {"segment_seconds": 10}, "motion": {"enabled": "no"}, "http": {"max_clip_minutes": 1}}
LEFT, RIGHT = (2, 3, 2, 4), (20, 10, 5, 3)  # column, row, width, height
# (from, to, cells, strength), in seconds of the recording
MOVES = [(1, 3, LEFT, 2), (5, 6, RIGHT, 1), (9, 11, LEFT, 3)]
UNKNOWN = (7, 8)  # no record
ARCHIVE = {}
AREA_LEFT = "area=.06,.16,.07,.23"
LATE_US = 1000  # of a frame in a clip without the boxes between frames


def at_us(second):
    return ARCHIVE["begin"] + second * US


def address(path, query="", begin=0, end=SECONDS):
    return f"{path}?from={at_us(begin) // US}&to={at_us(end) // US}&only=motion{query and '&' + query}"


def wanted(spans):
    """The numbers and times of the frames that the camera's log has for these seconds."""
    return [frames_within(ARCHIVE["frames"], at_us(begin), at_us(end)) for begin, end in spans]


def parsed(header):
    return [tuple((time_us(time) - ARCHIVE["begin"]) / US for time in span.split("/")) for span in header.split(", ")] if header else []


def assert_clip(rig, answer, spans):
    assert answer.status == 200, (answer.status, answer.body[:300])
    assert answer.headers["X-Clip-Source"] == "disk" and parsed(answer.headers["X-Clip-Spans"]) == spans, answer.headers["X-Clip-Spans"]
    shown, parts = rig.frames_of(answer.body), wanted(spans)
    numbers = [frame.number % COUNT for part in parts for frame in part]
    assert [number for _, number in shown] == numbers, difference([number for _, number in shown], numbers)
    begins_us = 0
    for part, (_, end) in zip(parts, spans):
        for frame in part:
            pts_us, _ = shown.pop(0)
            off_us = pts_us - begins_us - (frame.mono_us - part[0].mono_us)
            assert -300 <= off_us <= LATE_US + 300, (frame.number, pts_us, off_us)
        begins_us += at_us(end) - part[0].wall_us  # the next part follows at once


def test_a_clip_has_exactly_the_seconds_that_moved(rig):
    answer = rig.get(address("/footage"))
    assert_clip(rig, answer, [(1, 3), (5, 6), (9, 11)])
    assert parsed(answer.headers["X-Clip-Unknown"]) == [UNKNOWN], answer.headers["X-Clip-Unknown"]


def test_seconds_around_them_are_added_within_the_range(rig):
    assert_clip(rig, rig.get(address("/footage", "before=2s&after=1")), [(0, 12)])
    assert_clip(rig, rig.get(address("/footage", "after=1s")), [(1, 4), (5, 7), (9, 12)])
    assert_clip(rig, rig.get(address("/footage", "before=1s", 1, 10)), [(1, 3), (4, 6), (8, 10)])


def test_areas_and_strengths_choose_what_counts(rig):
    assert_clip(rig, rig.get(address("/footage", AREA_LEFT)), [(1, 3), (9, 11)])
    assert_clip(rig, rig.get(address("/footage", AREA_LEFT.replace("area", "not"))), [(5, 6)])
    assert_clip(rig, rig.get(address("/footage", "strength=strong")), [(9, 11)])
    assert_clip(rig, rig.get(address("/footage", f"{AREA_LEFT}&area=.6,.5,.2,.3")), [(1, 3), (5, 6), (9, 11)])


def test_a_download_resumes_anywhere(rig):
    whole = rig.get(address("/footage"))
    assert rig.get(address("/footage"), method="HEAD").headers["Content-Length"] == str(len(whole.body))
    chance = random.Random(4)
    for _ in range(20):
        first = chance.randrange(len(whole.body))
        part = rig.get(address("/footage"), headers={"Range": f"bytes={first}-", "If-Range": whole.headers["ETag"]})
        assert part.status == 206 and part.body == whole.body[first:], (first, part.status)
    other = rig.get(address("/footage", "after=1s"), headers={"Range": "bytes=100-", "If-Range": whole.headers["ETag"]})
    assert other.status == 200, "the entity tag is that of another clip"


def test_a_playlist_has_the_same_frames_and_their_dates(rig):
    answer = rig.get(address("/playlist.m3u8"))
    text = answer.body.decode()
    assert "#EXT-X-PLAYLIST-TYPE:EVENT\n" in text and "ENDLIST" not in text, "the newest segment may get more records"
    assert parsed(answer.headers["X-Clip-Unknown"]) == [UNKNOWN], answer.headers["X-Clip-Unknown"]
    settled = rig.get(address("/playlist.m3u8", "", 0, 8)).body.decode()
    assert settled.endswith("#EXT-X-ENDLIST\n") and settled.count("#EXTINF") == 2, settled
    shown, dates, init = [], [], b""
    for line in re.findall(r'#EXT-X-MAP:URI="([^"]+)"|#EXT-X-PROGRAM-DATE-TIME:(\S+)|#EXT-X-BYTERANGE:(\d+)@(\d+)\n(\S+)', text):
        if line[0]:
            init = rig.get("/" + line[0]).body
        elif line[1]:
            dates.append(time_us(line[1]))
        else:
            length, at = int(line[2]), int(line[3])
            entry = rig.get("/" + line[4], headers={"Range": f"bytes={at}-{at + length - 1}"}).body
            shown += [number for _, number in rig.frames_of(init + entry)]
    parts = wanted([(1, 3), (5, 6), (9, 11)])
    numbers = [frame.number % COUNT for part in parts for frame in part]
    assert shown == numbers, difference(shown, numbers)
    firsts = [part[0].wall_us for part in parts]
    assert all(min(abs(date - first) for date in dates) < AFTER_US for first in firsts), (dates, firsts)
    assert text.count("#EXT-X-DISCONTINUITY\n") == len(dates) - 1, text


def test_nothing_moved_is_not_the_same_as_unknown(rig):
    still = rig.get(address("/footage", "", 3, 5))
    assert still.status == 404 and still.detail.startswith("Nothing moved between") and "X-Clip-Unknown" not in still.headers, still.body
    masked = rig.get(address("/footage", "area=.9,.9,.1,.1", 0, 5))
    assert masked.status == 404 and masked.detail.startswith("Nothing moved there between"), masked.body
    unknown = rig.get(address("/footage", "", *UNKNOWN))
    assert unknown.status == 404 and unknown.detail.startswith("It is unknown whether anything moved between"), unknown.body
    assert parsed(unknown.headers["X-Clip-Unknown"]) == [UNKNOWN]
    partly = rig.get(address("/playlist.m3u8", "", 6, 9))
    assert partly.status == 404 and "but 1 seconds of its footage" in partly.detail, partly.body
    nothing = rig.get(f"/footage?from={at_us(0) // US - 100}&to={at_us(0) // US - 90}&only=motion")
    assert nothing.status == 404 and nothing.detail.startswith("Nothing was recorded"), nothing.body


def test_a_wrong_question_is_refused_by_name(rig):
    for path in ("/footage", "/playlist.m3u8"):
        for query, name in (("only=cats", "only="), ("area=0,0,1,1", "area= needs only=motion"), ("before=2s", "before= needs only=motion"),
                            ("only=motion&before=-1s", "before="), ("only=motion&after=601", "after="), ("only=motion&after=1s&after=2s", "after="),
                            ("only=motion&strength=weak", "strength="), ("only=motion&area=0,0,2,1", "area=")):
            answer = rig.get(f"{path}?from={at_us(0) // US}&to={at_us(9) // US}&{query}")
            assert answer.status == 400 and name in answer.detail, (query, answer.status, answer.body)
    assert "speed=" in rig.get(address("/footage", "speed=2")).detail
    assert rig.get(f"/footage?from={at_us(0) // US - 1000}&to={at_us(8) // US}&only=motion").status == 200, "only what moved counts"
    assert "31 days" in rig.get(f"/footage?from={at_us(0) // US - 40 * 86400}&to={at_us(9) // US}&only=motion").detail


def test_an_archive_without_records_is_unknown(rig):
    """As recorders before 1.1 have left it. This is the last case: it removes the records."""
    for file in glob.glob(os.path.join(rig.recordings, "*.motion")) + glob.glob(os.path.join(rig.recordings, "motion_*.bin")):
        os.unlink(file)
    answer = rig.get(address("/footage"))
    assert answer.status == 404 and answer.detail.startswith("It is unknown whether anything moved"), answer.body
    assert parsed(answer.headers["X-Clip-Unknown"]) == [(0, SECONDS)]


def record(rig):
    """Records a little more than SECONDS whole seconds, and adds the records of motion."""
    rig.start()
    first = -(-rig.camera.frames()[0].wall_us // US) * US
    wait_for(lambda: rig.newest_indexed_us() > first + SECONDS * US, SECONDS + PATIENCE_S, f"{SECONDS} s are recorded")
    ARCHIVE.update(begin=first, frames=rig.camera.frames())
    assert rig.stop_recorderd() == 0
    begin = first // US
    scene = [f"move {begin + start} {begin + end} {column} {row} {width} {height} {strength}"
             for start, end, (column, row, width, height), strength in MOVES]
    make_motion(rig.recordings, [*scene, f"unknown {begin + UNKNOWN[0]} {begin + UNKNOWN[1]}"])


if __name__ == "__main__":
    with Rig(SETTINGS) as recorded:
        record(recorded)
        status = run_tests(globals(), recorded)
    sys.exit(status)
