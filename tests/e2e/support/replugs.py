"""A camera that is unplugged and plugged in again, many times over: nothing is left behind, and each gap is one gap."""
import os
import re

from support.rig import Rig
from support.tap import comment, show_logs
from support.times import PATIENCE_S, US, wait_for, wall_us

WARM_UP = 10               # cycles after which everything that is kept for good has been allocated
FILE_DESCRIPTORS = 4       # files that one look may find open and the other not
MEMORY_KB = 1024           # what may come and go
MEMORY_KB_A_CYCLE = 2      # the archive's list grows by a segment a cycle
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
    wait_for(lambda: rig.camera.counter("delivered") >= taken + 3, PATIENCE_S, "it is opened again")


def recorded_frames(rig):
    """Records in all indexes (shared/segment/index.h)."""
    sizes = [os.path.getsize(os.path.join(rig.recordings, name)) for name in os.listdir(rig.recordings) if name.endswith(".idx")]
    return sum(size // 32 - 1 for size in sizes)


def children(pid):
    """How many a process has: each encoder is one."""
    count = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            count += len(file.read().split())
    return count


def settled(rig):
    """Everything that was taken is recorded, and one run is left: what a run needs is there once."""
    pid = rig.recorderd.pid
    try:
        wait_for(lambda: still_open(rig) == 1 and rig.camera.counter("delivered") - recorded_frames(rig) <= 5 and children(pid) == 1,
                 120, "all is recorded by one encoder")
    except AssertionError:
        comment(f"{rig.camera.counter('delivered')} frames taken, {recorded_frames(rig)} recorded; {rig.get('/camera_info').body}")
        show_logs(rig)
        raise
    return Holdings(pid)


def assert_nothing_is_left(before, after, cycles):
    told = f"{before}; {cycles} cycles later {after}"
    assert after.descriptors <= before.descriptors + FILE_DESCRIPTORS and after.threads <= before.threads, told
    assert after.mappings <= before.mappings + 4, told
    if not os.environ.get("SAN"):  # sanitizers keep what was freed
        assert after.memory_kb <= before.memory_kb + MEMORY_KB + MEMORY_KB_A_CYCLE * cycles, told
    return told


def replug(cycles):
    """Returns what was seen, in a sentence."""
    with Rig(SETTINGS) as rig:
        rig.start()
        for _ in range(WARM_UP):
            cycle(rig)
        before, since_us = settled(rig), wall_us()
        for _ in range(cycles):
            cycle(rig)
        told = assert_nothing_is_left(before, settled(rig), cycles)
        gaps = rig.get(f"/timeline?from={since_us / US + 1:.0f}&to=now").json()["gaps"]
        assert {gap["cause"] for gap in gaps} == {"unplugged"}, gaps
        wait_for(lambda: rig.get("/health").json()["status"] == "ok", PATIENCE_S, "/health has nothing to say")
        assert rig.stop_recorderd() == 0
        assert recorded_frames(rig) == rig.camera.counter("delivered"), (recorded_frames(rig), rig.camera.counter("delivered"))
    return f"{told}; {len(gaps)} gaps, every frame that was taken is recorded"
