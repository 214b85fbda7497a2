#!/usr/bin/env python3
"""Measures the recorder's targets, with a camera of 1280x720 at 60 frames per second and about 80 KB per frame.

usage: promises.py [MINUTES]        (5 by default; needs `make bench-tools`)

Prints one line a promise, and all figures as JSON at the end. Nothing here is asserted: machines differ. What must be exactly so
(no frame lost, the right frames in a clip) is a count, and proved by the tests as well.
"""
import concurrent.futures
import json
import os
import random
import subprocess
import sys
import threading
import time

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "tests", "e2e"))

from support import BUILD  # noqa: E402  pylint: disable=wrong-import-position
from support.exact import assert_numbers, assert_times, frames_within  # noqa: E402  pylint: disable=wrong-import-position
from support.rig import Rig  # noqa: E402  pylint: disable=wrong-import-position
from support.times import US  # noqa: E402  pylint: disable=wrong-import-position

FRAMES = os.path.join(BUILD, "tests", "frames", "hd.frames")
FRAME_COUNT = 1200
VIEWERS = os.path.join(BUILD, "tests", "bench", "viewers")
TICKS = os.sysconf("SC_CLK_TCK")

SETTINGS = {
    "camera": {"width": 1280, "height": 720, "fps": 60},
    "record": {"segment_seconds": 60, "preset": "superfast"},
    "memory": {"minutes": 2, "max_mb": 1024},
    "motion": {"enabled": "yes"},  # as shipped
}

figures = {}


def report(name, value, text):
    figures[name] = value
    print(f"{name:34} {text}", flush=True)


def median(values):
    return sorted(values)[len(values) // 2]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_anon_mb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("RssAnon"))


def workers(rig):
    """Process ids of lighttpd's descendants."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                parents[int(entry)] = int(stat.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found, wave = [], [rig.web.pid]
    while wave:
        wave = [pid for pid, parent in parents.items() if parent in wave]
        found += wave
    return found


def curl(rig, path):
    """(seconds to the first byte, bytes per second from then on, bytes)"""
    fields = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{time_starttransfer} %{time_total} %{size_download}",
                             f"http://127.0.0.1:{rig.port}{path}"], capture_output=True, text=True, check=True).stdout.split()
    first, total, size = float(fields[0]), float(fields[1]), int(fields[2])
    return first, size / (total - first), size


def watch(rig, count, seconds, path="/stream"):
    return subprocess.Popen([VIEWERS, "-n", str(count), "-t", str(seconds), "-p", path, str(rig.port)], stdout=subprocess.PIPE,
                            text=True)


def record(rig, minutes):
    """A long recording with 10 viewers, and a clip every second."""
    seconds = int(minutes * 60)
    viewers = watch(rig, 10, seconds)
    start, cpu = time.monotonic(), cpu_seconds(rig.recorderd.pid)
    while time.monotonic() - start < seconds:
        curl(rig, "/footage?from=-15s&to=-5s")
        time.sleep(1)
    spent = time.monotonic() - start
    share = (cpu_seconds(rig.recorderd.pid) - cpu) / spent
    live = json.loads(viewers.communicate()[0].splitlines()[-1])
    report("recorderd_cpu", share, f"{share * 100:.1f} % of a core (without its FFmpeg)")
    report("recorderd_rss_anon_mb", rss_anon_mb(rig.recorderd.pid), f"{rss_anon_mb(rig.recorderd.pid):.1f} MB private")
    most = max(rss_anon_mb(pid) for pid in workers(rig))
    report("worker_rss_anon_mb", most, f"{most:.1f} MB private, the largest worker")
    report("viewers_10", live, f"{live['fps']['min']:.1f} fps at the slowest of 10 viewers")
    age = live["age_ms"]
    report("frame_age_ms", age, f"{age['median']:.2f} ms median, {age['p99']:.2f} ms 99 %: driver's buffer to a viewer's last byte")


def clips(rig):
    now = int(time.time())
    ranges = {
        "closed": f"/footage?from={now - 150}&to={now - 132}",
        "across_rotations": f"/footage?from={now - 140}&to={now - 10}",
        "ends_now": "/footage?from=-18s&to=now",
    }
    for name, path in ranges.items():
        curl(rig, path)
        taken = [curl(rig, path) for _ in range(50)]
        first, speed = median([one[0] for one in taken]), median([one[1] for one in taken])
        report(f"clip_{name}", {"first_byte_ms": first * 1e3, "mb_per_s": speed / 1e6, "bytes": taken[-1][2]},
               f"{first * 1e3:.2f} ms to the first byte, {speed / 1e6:.0f} MB/s ({taken[-1][2] / 1e6:.1f} MB)")


def assert_exact(rig, from_us, to_us):
    """Frame numbers start again every 20 s, so only the part of the camera's log around the range is used."""
    clip = rig.clip(from_us, to_us)
    frames = frames_within(rig.camera.frames(), from_us - US, to_us + US)
    assert_numbers([number for _, number in clip], frames, from_us, to_us, FRAME_COUNT)
    assert_times(clip, frames, FRAME_COUNT)


def exact_ranges(rig, count=100):
    newest = int(time.time()) - 3
    oldest = newest - 15
    exact = 0
    for _ in range(count):
        first = random.randint(oldest, newest - 1)
        end = random.randint(first + 1, newest)
        try:
            assert_exact(rig, first * US, end * US)
            exact += 1
        except AssertionError as error:
            print(f"# [{first}, {end}): {error}")
    report("exact_ranges", exact, f"{exact} of {count} random ranges have exactly the camera's frames, within 12 us")


def api_under_load(rig):
    viewers = watch(rig, 200, 15)
    time.sleep(3)
    times, stop = [], time.monotonic() + 12
    lock = threading.Lock()

    def ask(_):
        while time.monotonic() < stop:
            start = time.monotonic()
            rig.get("/camera_info")
            with lock:
                times.append(time.monotonic() - start)
            time.sleep(0.02)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(ask, range(2)))
    live = json.loads(viewers.communicate()[0].splitlines()[-1])
    report("api_with_200_viewers_ms", {"median": median(times) * 1e3, "p99": percentile(times, 0.99) * 1e3, "viewers": live},
           f"{median(times) * 1e3:.1f} ms median, {percentile(times, 0.99) * 1e3:.1f} ms 99 % of {len(times)} answers; "
           f"viewers: {live['fps']['min']:.1f} fps at the slowest")


def losses(rig):
    info = rig.get("/camera_info").json()
    taken, missed = len(rig.camera.frames()), len(rig.camera.frames("missed"))
    rig.stop_recorderd()
    with open(os.path.join(rig.recordings, "recording_index.json"), encoding="utf-8") as index:
        segments = json.load(index)
    stored, taken = sum(one["frames"] for one in segments), len(rig.camera.frames())
    report("lost_before_ring", {"missed": missed, "lost": info["lost"], "damaged": info["damaged"]},
           f"{missed} of {taken} frames had no free buffer; {info['lost']} lost, {info['damaged']} damaged by its own count")
    report("lost_after_ring", taken - stored, f"{taken - stored} of {taken} frames are not in the {len(segments)} segments")


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 5
    with Rig(SETTINGS, fps="60", frames=FRAMES) as rig:
        rig.camera.fault("stamp")
        rig.start()
        record(rig, minutes)
        clips(rig)
        exact_ranges(rig)
        api_under_load(rig)
        losses(rig)
    print(json.dumps(figures))


main()
