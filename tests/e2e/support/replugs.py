"""Unplugs a camera and plugs it in again, many times: nothing leaks, and each time makes one gap."""
import os
import re

from support.rig import Rig
from support.tap import comment, show_logs
from support.times import PATIENCE_S, US, wait_for, wall_us

WARM_UP = 10               # cycles after which all permanent allocations have been made
FILE_DESCRIPTORS = 4       # files that may happen to be open
MEMORY_KB = 1024           # that may be allocated temporarily
MEMORY_KB_PER_CYCLE = 2      # the archive's list grows by a segment per cycle
SETTINGS = {
    "record": {"codec": "mjpeg", "segment_seconds": 600},
    "memory": {"max_mb": 16},
}


class Holdings:
    """What a process holds: descriptors, mappings, threads, private memory."""

    def __init__(self, pid):
        self.descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
            self.mappings = sum(1 for _ in maps)
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            text = status.read()
        self.threads, self.memory_kb = (int(re.search(rf"^{key}:\s+(\d+)", text, re.M)[1]) for key in ("Threads", "RssAnon"))

    def __str__(self):
        return f"{self.descriptors} descriptors, {self.mappings} mappings, {self.threads} threads, {self.memory_kb} kB"


def still_open(rig):
    return rig.camera.counter("opens") - rig.camera.counter("closes")


def cycle(rig):
    taken = rig.camera.counter("delivered")
    rig.camera.fault("unplugged")
    wait_for(lambda: still_open(rig) == 0, PATIENCE_S, "every descriptor of the camera is closed")
    rig.camera.fault("unplugged", 0)
    wait_for(lambda: rig.camera.counter("delivered") >= taken + 3, PATIENCE_S, "the camera is opened again")


def recorded_frames(rig):
    """Records in all indexes (shared/segment/index.h)."""
    sizes = [os.path.getsize(os.path.join(rig.recordings, name)) for name in os.listdir(rig.recordings) if name.endswith(".idx")]
    return sum(size // 32 - 1 for size in sizes)


def settled(rig):
    """Waits until every frame that was taken is recorded and only one run is left; returns what it holds."""
    pid = rig.recorderd.pid
    try:
        wait_for(lambda: still_open(rig) == 1 and rig.camera.counter("delivered") - recorded_frames(rig) <= 5 and len(rig.children("ffmpeg")) == 1,
                 120, "everything is recorded and one encoder is left")
    except AssertionError:
        comment(f"{rig.camera.counter('delivered')} frames taken, {recorded_frames(rig)} recorded; {rig.get('/camera_info').body}")
        show_logs(rig)
        raise
    return Holdings(pid)


def assert_nothing_is_left(before, after, cycles):
    summary = f"{before}; {cycles} cycles later {after}"
    assert after.descriptors <= before.descriptors + FILE_DESCRIPTORS and after.threads <= before.threads, summary
    assert after.mappings <= before.mappings + 4, summary
    if not os.environ.get("SAN"):  # sanitizers keep freed memory
        assert after.memory_kb <= before.memory_kb + MEMORY_KB + MEMORY_KB_PER_CYCLE * cycles, summary
    return summary


def replug(cycles):
    """Returns the results in a sentence."""
    with Rig(SETTINGS) as rig:
        rig.start()
        for _ in range(WARM_UP):
            cycle(rig)
        before, since_us = settled(rig), wall_us()
        for _ in range(cycles):
            cycle(rig)
        summary = assert_nothing_is_left(before, settled(rig), cycles)
        gaps = rig.get(f"/timeline?from={since_us / US + 1:.0f}&to=now").json()["gaps"]
        assert {gap["cause"] for gap in gaps} == {"unplugged"}, gaps
        wait_for(lambda: rig.is_ok(), PATIENCE_S, "/health has no complaint")
        assert rig.stop_recorderd() == 0
        assert recorded_frames(rig) == rig.camera.counter("delivered"), (recorded_frames(rig), rig.camera.counter("delivered"))
    return f"{summary}; {len(gaps)} gaps, every frame that was taken is recorded"
