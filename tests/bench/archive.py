#!/usr/bin/env python3
"""Measures the cost of a long archive, a year of segments against a day, and of six-hour clips while recording.

usage: archive.py [SEGMENTS_OF_A_YEAR]        (52560 by default; needs `make bench-tools`)

Prints one line per figure, and all of them as JSON at the end. Nothing is asserted, because machines differ.
"""
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "tests", "e2e"))

from support import BUILD  # noqa: E402  pylint: disable=wrong-import-position
from support.made_archive import make_archive, make_motion  # noqa: E402  pylint: disable=wrong-import-position
from support.rig import Rig  # noqa: E402  pylint: disable=wrong-import-position
from support.times import wait_for  # noqa: E402  pylint: disable=wrong-import-position

DAY, YEAR = 144, 52560
HOURS = 6
FRAMES = os.path.join(BUILD, "tests", "frames", "hd.frames")
TICKS = os.sysconf("SC_CLK_TCK")
SETTINGS = {
    "camera": {"width": 1280, "height": 720, "fps": 60},
    "record": {"preset": "ultrafast", "segment_seconds": 600},
    "retention": {"hours": 0, "max_gb": 1000, "min_free_gb": 0},
    "memory": {"minutes": 1, "max_mb": 512},
    "clips": {"cache": "no"},
    "motion": {"enabled": "yes"},  # as shipped
}
figures = {}


def report(name, value, text):
    figures[name] = value
    print(f"{name:26} {text}", flush=True)


def curl(rig, path):
    """(seconds to the first byte, seconds, bytes)"""
    fields = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{time_starttransfer} %{time_total} %{size_download} %{http_code}",
                             f"http://127.0.0.1:{rig.port}{path}"], capture_output=True, text=True, check=True).stdout.split()
    assert fields[3] == "200", (path, fields)
    return float(fields[0]), float(fields[1]), int(fields[2])


def processes(parent):
    """Process ids of a process and its descendants."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                parents[int(entry)] = int(stat.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found, wave = [parent], [parent]
    while wave:
        wave = [pid for pid, above in parents.items() if above in wave]
        found += wave
    return found


def rss_anon_mb(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            return next((int(line.split()[1]) / 1024 for line in status if line.startswith("RssAnon")), 0)
    except FileNotFoundError:
        return 0


def largest_worker_mb(rig):
    return max(rss_anon_mb(pid) for pid in processes(rig.web.pid))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


# --- a year and a day -------------------------------------------------------------------------------------------------

def start(rig, name):
    begun = time.monotonic()
    rig.start_recorderd()
    wait_for(lambda: "segments in" in rig.log(), 60, "the archive is scanned")
    looked = time.monotonic() - begun
    rig.start_web()
    wait_for(lambda: "recording to" in rig.log(), 60, "recording has begun")
    recording = time.monotonic() - begun
    report(f"{name}_start", {"archive_s": looked, "recording_s": recording},
           f"{looked:.2f} s until the archive is scanned, {recording:.2f} s until it records")


def first_bytes(rig, name, begin, end, rounds=200):
    starts = [random.randint(begin, end - 20) for _ in range(rounds)]
    paths = {
        "clip": [f"/footage?from={start}&to={start + 18}" for start in starts],
        "recordings": ["/recordings?limit=50"] * rounds,
        "timeline": [f"/timeline?from={start}&to={start + 18}" for start in starts],
        "nothing": [f"/footage?from={begin - 100 - number}&to={begin - 90 - number}" for number in range(rounds)],
    }
    for what, some in paths.items():
        if what != "nothing":
            curl(rig, some[0])
        times = []
        for path in some:
            begun = time.monotonic()
            if what == "nothing":
                assert rig.get(path).status == 404
                times.append(time.monotonic() - begun)
            else:
                times.append(curl(rig, path)[0])
        middle = statistics.median(times) * 1e3
        report(f"{name}_{what}_ms", middle, f"{middle:.2f} ms to the first byte (median of {rounds}; {max(times) * 1e3:.1f} at worst)")


def events(rig, name, begin, end):
    """Questions about motion, when one second of twelve moves."""
    span = f"from={begin}&to={end}"
    for what, path, rounds in (("events_newest", f"/events?{span}&limit=100", 20), ("events_area", f"/events?{span}&area=.4,.5,.12,.15", 20),
                               ("events_nowhere", f"/events?{span}&area=.97,.95,.02,.02", 20),
                               ("events_all", f"/events?{span}&area=.4,.5,.12,.15&limit=10000", 5), ("heatmap", f"/motion/heatmap?{span}", 3)):
        curl(rig, path)
        middle = statistics.median(curl(rig, path)[1] for _ in range(rounds)) * 1e3
        report(f"{name}_{what}_ms", middle, f"{middle:.1f} ms to the last byte (median of {rounds})")


def memory(rig, name, begin, end, requests=1000):
    before = largest_worker_mb(rig)
    for _ in range(requests):
        first = random.randint(begin, end - 20)
        for path in (f"/footage?from={first}&to={first + 18}", "/recordings?limit=50"):
            assert rig.get(path).status == 200
    after = largest_worker_mb(rig)
    report(f"{name}_worker_mb", {"before": before, "after": after},
           f"{before:.1f} MB private before {2 * requests} requests, {after:.1f} after; recorderd {rss_anon_mb(rig.recorderd.pid):.1f}")


def duties(rig, name, seconds=40):
    """Measures a recorder that rotates every 10 s and looks for segments to delete every 5 s."""
    rig.stop_recorderd()
    rig.write_ini({**SETTINGS, "record": {**SETTINGS["record"], "segment_seconds": 10}})
    rig.start_recorderd()
    wait_for(lambda: rig.log().count("recording to") >= 2, 60, "recording has begun")
    before, cpu, lists = len(rig.camera.frames()), cpu_seconds(rig.recorderd.pid), rig.log().count("recording to")
    time.sleep(seconds)
    taken, missed = len(rig.camera.frames()) - before, len(rig.camera.frames("missed"))
    share, lists = (cpu_seconds(rig.recorderd.pid) - cpu) / seconds, rig.log().count("recording to") - lists
    intervals = [later.mono_us - one.mono_us for one, later in zip(rig.camera.frames()[before:], rig.camera.frames()[before + 1:])]
    report(f"{name}_duties", {"cpu": share, "missed": missed, "worst_interval_ms": max(intervals) / 1e3, "rotations": lists},
           f"{share * 100:.1f} % of a core with {lists} rotations in {seconds} s; {missed} of {taken} frames had no free buffer; "
           f"at most {max(intervals) / 1e3:.1f} ms between two frames")


def length(name, segments):
    with Rig(SETTINGS, fps="60", frames=FRAMES) as rig:
        begun = time.monotonic()
        begin, end = make_archive(rig.recordings, segments)
        make_motion(rig.recordings, (), "-r", "7", "-u", "1")
        print(f"# {segments} segments made in {time.monotonic() - begun:.0f} s", flush=True)
        start(rig, name)
        first_bytes(rig, name, begin, end)
        events(rig, name, begin, end)
        memory(rig, name, begin, end)
        duties(rig, name)


def ratios():
    for what in ("clip", "recordings", "timeline", "nothing"):
        ratio = figures[f"year_{what}_ms"] / figures[f"day_{what}_ms"]
        report(f"ratio_{what}", ratio, f"{ratio:.2f} times as long as for a day")


# --- six hours --------------------------------------------------------------------------------------------------------

class Watch(threading.Thread):
    """Records the private memory of the largest worker while the block runs."""

    def __init__(self, rig):
        super().__init__(daemon=True)
        self.rig, self.stopping, self.seen = rig, threading.Event(), []

    def run(self):
        while not self.stopping.wait(0.5):
            self.seen.append(largest_worker_mb(self.rig))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join()


def long_clips(clients=8):
    with Rig(SETTINGS, fps="60", frames=FRAMES) as rig:
        begin, end = make_archive(rig.recordings, HOURS * 6, fps=60)
        rig.start()
        path = f"/footage?from={begin}&to={end}"
        with Watch(rig) as watch:
            first, total, size = curl(rig, path)
        report("long_clip", {"first_byte_ms": first * 1e3, "mb": size / 1e6, "worker_mb": max(watch.seen, default=0)},
               f"{first * 1e3:.0f} ms to the first byte of {HOURS} h, {size / 1e6:.0f} MB in {total:.1f} s; largest worker {max(watch.seen, default=0):.1f} MB")
        before = len(rig.camera.frames())
        with Watch(rig) as watch:
            readers = [subprocess.Popen(["curl", "-s", "-o", "/dev/null", "--limit-rate", "20M", "-w", "%{time_starttransfer} %{size_download}",
                                         f"http://127.0.0.1:{rig.port}{path}"], stdout=subprocess.PIPE, text=True) for _ in range(clients)]
            results = [reader.communicate()[0].split() for reader in readers]
        assert all(int(one[1]) == size for one in results), (results, size)
        taken, missed, lost = len(rig.camera.frames()) - before, len(rig.camera.frames("missed")), rig.get("/camera_info").json()["lost"]
        worst = max(float(one[0]) for one in results)
        report("long_clips_at_once", {"first_byte_ms": worst * 1e3, "missed": missed, "lost": lost, "taken": taken, "worker_mb": watch.seen},
               f"{clients} at once: {worst * 1e3:.0f} ms to the first byte of the slowest; {missed} of {taken} frames had no free buffer, {lost} lost; "
               f"largest worker {watch.seen[0]:.1f} MB at the beginning, {max(watch.seen):.1f} at most, {watch.seen[-1]:.1f} at the end")


def main():
    length("day", DAY)
    length("year", int(sys.argv[1]) if len(sys.argv) > 1 else YEAR)
    ratios()
    long_clips()
    print(json.dumps(figures))


main()
