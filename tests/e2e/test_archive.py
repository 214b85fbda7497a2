#!/usr/bin/env python3
"""A generated archive of 2,000 segments: every second of it is found and listed, and the recorder adds to it."""
import os
import random
import resource
import shutil
import subprocess
import sys

from support.viewer_churn import started
from support.exact import difference
from support.made_archive import listed, make_archive
from support.rig import Rig
from support.tap import run_tests
from support.times import PATIENCE_S, US, time_us, wait_for

SEGMENTS, SECONDS = 2000, 60
SETTINGS = {"retention": {"hours": 0, "min_free_gb": 0}, "clips": {"cache": "no"}, "record": {"segment_seconds": 3600},
            "http": {"max_clip_minutes": 10080}}
DESCRIPTORS = 200  # per process; a tenth of the segments
SPAN = {}


def key_times(rig, mp4):
    with open(rig.path("answer.mp4"), "wb") as file:
        file.write(mp4)
    output = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", rig.path("answer.mp4")],
                            capture_output=True, text=True, check=True).stdout
    return [float(one.strip(",")) for one in output.split()]


def ready(rig):
    """Waits until the archive is scanned and the recorder records after it."""
    wait_for(lambda: f"{SEGMENTS} segments in" in rig.log(), PATIENCE_S, "the archive is scanned")
    wait_for(rig.is_healthy, PATIENCE_S, "the recorder is healthy")
    rig.indexed()


def test_it_is_scanned_without_being_read(rig):
    assert "index rebuilt" not in rig.log() and "repaired" not in rig.log(), rig.log()


def test_every_range_has_its_seconds(rig):
    chance = random.Random(7)
    for _ in range(20):
        first = chance.randrange(SPAN["begin"], SPAN["end"] - 200)
        end = first + chance.choice((1, 18, 150))
        answer = rig.footage(first * US, end * US)
        assert answer.status == 200 and answer.headers["X-Clip-Source"] == "disk", (answer.status, answer.body[:200])
        times = key_times(rig, answer.body)
        wanted = [float(second) for second in range(end - first)]
        assert times == wanted, difference(times, wanted)


def test_pages_of_the_list_are_those_of_the_whole(rig):
    whole = [one["file"] for one in rig.get("/recordings").json() if one["state"] == "complete"]
    shown = [one["file"] for one in reversed(listed(rig.recordings)) if one["state"] == "complete"]
    assert whole == shown and len(whole) >= SEGMENTS, (len(whole), len(shown))
    offset = len(rig.get("/recordings").json()) - len(whole)
    for at in (0, 50, 1234, SEGMENTS - 20):
        page = rig.get(f"/recordings?limit=50&offset={at + offset}").json()
        assert [one["file"] for one in page] == whole[at:at + 50], at
    assert rig.get("/recordings/" + whole[-1]).status == 200


def test_the_timeline_is_one_span_up_to_the_start_of_the_recorder(rig):
    timeline = rig.get(f"/timeline?from={SPAN['begin'] - 10}&to=now").json()
    assert [one["cause"] for one in timeline["gaps"]] == ["recorder down"], timeline["gaps"]
    assert time_us(timeline["spans"][0]["from"]) == SPAN["begin"] * US and time_us(timeline["spans"][0]["to"]) == SPAN["end"] * US, timeline["spans"]


def moov_bytes(mp4):
    at = int.from_bytes(mp4[:4], "big")
    assert mp4[at + 4:at + 8] == b"moov", mp4[:64]
    return int.from_bytes(mp4[at:at + 4], "big")


def test_a_long_clip_has_a_short_header_and_resumes_anywhere(rig):
    """36,000 frames are the limit above which a clip has nothing but frames (fcgi/clip/clip_build.h)."""
    begin, seconds = SPAN["begin"] + 30, 40000
    path = f"/footage?from={begin}&to={begin + seconds}"
    answer = rig.get(path)
    assert answer.status == 200 and moov_bytes(answer.body) < 5 * seconds, moov_bytes(answer.body)
    times = key_times(rig, answer.body)
    late = [time - number for number, time in enumerate(times)]
    assert len(times) == seconds and min(late) >= 0 and max(late) < 0.0011, (len(times), min(late), max(late))
    chance = random.Random(8)
    for _ in range(20):
        first = chance.randrange(len(answer.body))
        end = min(len(answer.body), first + chance.choice((1, 1000, 300000)))
        part = rig.get(path, headers={"Range": f"bytes={first}-{end - 1}", "If-Range": answer.headers["ETag"]})
        assert part.status == 206 and part.body == answer.body[first:end], (first, end, part.status)


def limits(rig):
    return {resource.prlimit(process, resource.RLIMIT_NOFILE)[1] for process in started(rig, "recorder-api")}


def test_a_timelapse_of_all_of_it_is_one_clip(rig):
    """It has more segments than a process may have open files."""
    assert limits(rig) == {DESCRIPTORS}, limits(rig)
    length = SPAN["end"] - SPAN["begin"]
    for speed in (120, 3600):
        answer = rig.get(f"/footage?from={SPAN['begin']}&to={SPAN['end']}&speed={speed}")
        assert answer.status == 200, (speed, answer.body[:300])
        times = key_times(rig, answer.body)
        step = max(1, speed // 30)
        assert len(times) == length // step, (speed, len(times))
        wrong = [at for number, at in enumerate(times) if abs(at - number * step / speed) > 0.001]
        assert not wrong, (speed, wrong[:5])


def test_a_clip_of_most_of_it_has_each_of_its_seconds(rig):
    first, end = SPAN["begin"] + 12345, SPAN["end"] - 23456
    times = key_times(rig, rig.footage(first * US, end * US).body)
    assert times == [float(second) for second in range(end - first)], (len(times), times[:3], times[-3:])


def test_a_playlist_of_all_of_it_lists_each_segment(rig):
    answer = rig.get(f"/playlist.m3u8?from={SPAN['begin']}&to={SPAN['end']}")
    text = answer.body.decode()
    assert answer.status == 200 and text.count("#EXT-X-MAP") == SEGMENTS, (answer.status, text[:300], text.count("#EXT-X-MAP"))
    lasts = sum(float(line[8:-1]) for line in text.splitlines() if line.startswith("#EXTINF:"))
    assert round(lasts) == SPAN["end"] - SPAN["begin"], lasts


def test_an_hour_is_one_clip(rig):
    first = SPAN["begin"] + 12345
    times = key_times(rig, rig.footage(first * US, (first + 3600) * US).body)
    assert times == [float(second) for second in range(3600)], (len(times), times[:3], times[-3:])


def test_a_range_before_it_names_the_nearest_footage(rig):
    answer = rig.footage((SPAN["begin"] - 100) * US, (SPAN["begin"] - 90) * US)
    assert answer.status == 404 and "begin at" in answer.detail, answer.body


def test_rebuilt_indexes_are_the_same(rig):
    """The index that is rebuilt from a segment alone is the same."""
    with Rig(SETTINGS) as other:
        make_archive(other.recordings, 5, seconds=4, fps=5, link=False)
        kept = other.path("kept")
        shutil.copytree(other.recordings, kept)
        for name in os.listdir(other.recordings):
            if not name.endswith(".mp4"):
                os.unlink(os.path.join(other.recordings, name))
        other.camera.fault("unplugged")
        other.start_recorderd()
        wait_for(lambda: "5 segments in" in other.log(), PATIENCE_S, "they are scanned")
        assert other.stop_recorderd() == 0
        for name in filter(lambda one: one.endswith((".idx", ".mp4")), os.listdir(kept)):
            with open(os.path.join(kept, name), "rb") as one, open(os.path.join(other.recordings, name), "rb") as two:
                assert one.read() == two.read(), name


if __name__ == "__main__":
    with Rig(SETTINGS) as made:
        SPAN["begin"], SPAN["end"] = make_archive(made.recordings, SEGMENTS, SECONDS)
        usual = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, usual[1]))
        made.start_recorderd()
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)
        made.start_web()
        wait_for(lambda: made.get("/health").status, PATIENCE_S, "the workers of the API run")
        for process in started(made, "recorder-api"):
            resource.prlimit(process, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        status = run_tests(globals(), made, before=ready)
    sys.exit(status)
