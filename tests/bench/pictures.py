#!/usr/bin/env python3
"""Measures requests that read much of the archive, on a generated day at 60 frames per second: a timelapse of 24 hours, a clip of
6 hours and parts of it, pictures of any second, and a pointer dragged along the timeline.

usage: pictures.py [FOLDER]        (needs `make bench-tools`; the archive is made in a temporary folder, or kept in FOLDER)

Prints one line per figure, and all of them as JSON at the end. Nothing is asserted, because machines differ.
"""
import concurrent.futures
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "tests", "e2e"))

from support import BUILD  # noqa: E402  pylint: disable=wrong-import-position
from support.rig import Rig  # noqa: E402  pylint: disable=wrong-import-position

SEGMENTS, SECONDS = 144, 600
SETTINGS = {
    "camera": {"width": 320, "height": 180, "fps": 30},
    "record": {"segment_seconds": 600},
    "http": {"max_clip_minutes": 1440},
}
figures = {}


def report(name, value, text):
    figures[name] = value
    print(f"{name:26} {text}", flush=True)


def median(values):
    return sorted(values)[len(values) // 2]


def make_archive(folder):
    """Makes a day of 1280x720 at 60 frames per second with little movement, so that it is small; unless it exists already."""
    second = os.path.join(folder, "second.mp4")
    archive = os.path.join(folder, "recordings")
    if os.path.exists(os.path.join(archive, "recording_index.bin")):
        return archive
    os.makedirs(archive, exist_ok=True)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=60:d=1",
                    "-vf", "select=eq(n\\,0),loop=-1:1,trim=end_frame=60,setpts=N/60/TB", "-c:v", "libx264", "-preset", "superfast",
                    "-crf", "30", "-tune", "zerolatency", "-bf", "0", "-g", "1000", "-sc_threshold", "0", "-bsf:v",
                    "dump_extra=freq=keyframe", "-pix_fmt", "yuv420p", "-video_track_timescale", "1000000", "-movflags",
                    "empty_moov+default_base_moof+frag_every_frame", "-f", "mp4", second], check=True, stdin=subprocess.DEVNULL)
    print("making the archive...", file=sys.stderr)
    subprocess.run([os.path.join(BUILD, "tests", "tools", "make_archive"), "-n", str(SEGMENTS), "-s", str(SECONDS), "-e",
                    str(int(time.time()) - 60), second, archive], check=True)
    return archive


def archive_span(archive):
    with open(os.path.join(archive, "recording_index.json"), encoding="utf-8") as index:
        segments = json.load(index)
    first = segments[0]["file"].removeprefix("recording_").removesuffix(".mp4")
    begin = int(time.mktime(time.strptime(first, "%Y%m%d_%H%M%S")))
    return begin, begin + SEGMENTS * SECONDS


def curl(rig, path, *options):
    """(seconds to the first byte, seconds, bytes, status)"""
    fields = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{time_starttransfer} %{time_total} %{size_download} %{http_code}",
                             *options, f"http://127.0.0.1:{rig.port}{path}"], capture_output=True, text=True, check=True).stdout.split()
    return float(fields[0]), float(fields[1]), int(fields[2]), int(fields[3])


def first_byte(rig, name, path, *options, rounds=9):
    taken = [curl(rig, path, *options) for _ in range(rounds)]
    first = median([one[0] for one in taken])
    worst = max(one[0] for one in taken)
    report(name, first * 1e3, f"{first * 1e3:.1f} ms to the first byte (median; {worst * 1e3:.1f} at worst; {taken[0][2] / 1e6:.2f} MB, "
                              f"status {taken[0][3]})")


def timelapse(rig, begin, end):
    for speed in (60, 600, 3600):
        first_byte(rig, f"timelapse_24h_x{speed}", f"/footage?from={begin}&to={end}&speed={speed}")


def long_clip(rig, begin):
    path = f"/footage?from={begin}&to={begin + 6 * 3600}"
    first_byte(rig, "clip_6h", path, "-r", "0-1000000", rounds=5)
    first_byte(rig, "clip_6h_part", path, "-r", "500000000-500100000")
    first_byte(rig, "clip_6h_head", path, "-I", rounds=5)


def snapshots(rig, begin, end):
    for width in ("", "&width=320"):
        paths = [f"/snapshot?at={random.randint(begin, end - 1)}{width}" for _ in range(15)]
        name = "snapshot" + ("_320" if width else "")
        uncached = [curl(rig, path) for path in paths]
        cached = [curl(rig, path) for path in paths]
        assert all(one[3] == 200 for one in uncached + cached), (uncached, cached)
        first, again = median([one[1] for one in uncached]), median([one[1] for one in cached])
        report(name, {"uncached_ms": first * 1e3, "cached_ms": again * 1e3},
               f"{first * 1e3:.1f} ms uncached, {again * 1e3:.2f} ms cached (medians of {len(paths)})")


def drag(rig, begin, end, seconds=10, rate=20):
    """That many requests per second, each for another instant: how long after the pointer has stopped is its picture there?"""
    lost = rig.get("/camera_info").json()["lost"]
    answers, lock = [], threading.Lock()

    def ask(number):
        at = begin + (end - begin) * number / (seconds * rate)
        start = time.monotonic()
        answer = rig.get(f"/snapshot?at={at:.3f}&width=320")
        with lock:
            answers.append((number, answer.status, time.monotonic() - start))

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        for number in range(seconds * rate):
            pool.submit(ask, number)
            time.sleep(1 / rate)
    answers.sort()
    served = [one for one in answers if one[1] == 200]
    report("drag", {"served": len(served), "dropped": len(answers) - len(served), "last_ms": answers[-1][2] * 1e3,
                    "lost": rig.get("/camera_info").json()["lost"] - lost},
           f"{len(served)} of {len(answers)} requests got a picture (median {median([one[2] for one in served]) * 1e3:.0f} ms); the last "
           f"one: {answers[-1][1]} after {answers[-1][2] * 1e3:.0f} ms; {rig.get('/camera_info').json()['lost'] - lost} frames lost")


def main():
    with contextlib.ExitStack() as stack:
        if len(sys.argv) > 1:
            folder = sys.argv[1]
        else:
            folder = tempfile.mkdtemp(prefix="recorder-bench.")
            stack.callback(shutil.rmtree, folder)
        archive = make_archive(folder)
        settings = {**SETTINGS, "record": {**SETTINGS["record"], "directory": archive}, "retention": {"min_free_gb": 0, "hours": 0}}
        with Rig(settings) as rig:
            rig.start()
            begin, end = archive_span(archive)
            timelapse(rig, begin, end)
            long_clip(rig, begin)
            snapshots(rig, begin, end)
            drag(rig, begin, end)
    print(json.dumps(figures))


main()
