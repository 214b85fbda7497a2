"""What a large archive and a long range cost: the same requests with 4 and with 400 segments, for 1 s and for minutes."""
import os
import struct
import time

from contestants import Recorder
from measure import median
from support.camera import FRAMES
from support.times import US, wait_for
from tools import fetch

PARTS = ("growth",)
SEGMENT_S = 10
FEW, MANY = 4, 400
TIMES = 20
SETTINGS = {"camera": {"width": 320, "height": 180}, "record": {"segment_seconds": SEGMENT_S, "preset": "ultrafast"},
            "clips": {"cache": "no"}}
UUID_BYTES, CRC_AT = 128, 124  # of a segment's uuid box: shared/segment/segment_info.c
NUMBER_AT, FIRST_WALL_AT, LAST_WALL_AT = 24, 40, 56


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def one_segment():
    """The bytes of a complete segment."""
    with Recorder(recording=True, settings=SETTINGS, frames=FRAMES) as recorder:
        def complete():
            return next((one for one in recorder.get("/recordings").json()[:-1] if one["state"] == "complete"), None)
        found = wait_for(complete, 4 * SEGMENT_S, "a segment is complete")
        with open(os.path.join(recorder.recordings, found["file"]), "rb") as file:
            return file.read()


def fill(folder, segment, count, end_us):
    """Makes that many consecutive segments up to end_us, without indexes, which the recorder has to make."""
    os.makedirs(folder, exist_ok=True)
    at = segment.index(b"uuid") - 4
    for number in range(count):
        first_us = end_us - (count - number) * SEGMENT_S * US
        box = bytearray(segment[at:at + UUID_BYTES])
        struct.pack_into(">QQq", box, NUMBER_AT, number + 1, 1, first_us)
        struct.pack_into(">q", box, LAST_WALL_AT, first_us if number else 0)
        struct.pack_into(">I", box, CRC_AT, crc32c(box[:CRC_AT]))
        name = time.strftime("recording_%Y%m%d_%H%M%S.mp4", time.localtime(first_us // US))
        with open(os.path.join(folder, name), "wb") as file:
            file.write(segment[:at] + box + segment[at + UUID_BYTES:])


def questions(count, end_s):
    """The requests to an archive of `count` segments, by name."""
    middle = end_s - count * SEGMENT_S // 2
    return {
        "a clip of 5 s": f"/footage?from={middle - 10}&to={middle - 5}",
        "a clip of 30 s": f"/footage?from={middle - 10}&to={middle + 20}",
        "/recordings?limit=10": "/recordings?limit=10",
        "/timeline of all": f"/timeline?from={end_s - count * SEGMENT_S}&to={end_s}",
        "/timeline of 30 s": f"/timeline?from={middle - 15}&to={middle + 15}",
    }


def asked(segment, count):
    """(seconds until requests are answered, {request: median ms to the first byte}); includes long clips if there are enough segments."""
    recorder = Recorder(recording=True, settings=SETTINGS, frames=FRAMES)
    end_s = int(time.time()) - 60
    fill(recorder.recordings, segment, count, end_s * US)
    start = time.monotonic()
    with recorder:
        took = time.monotonic() - start
        paths = questions(count, end_s)
        if count == MANY:
            for minutes in (1, 10, 60):
                paths[f"a clip of {minutes} min"] = f"/footage?from={end_s - minutes * 60}&to={end_s}"
        answers = {}
        for name, path in paths.items():
            got = fetch(recorder.port, path, TIMES)
            assert all(one["status"] == 200 for one in got), f"{path}: {got[0]}"
            answers[name] = median([one["first_ms"] for one in got])
    return took, answers


def run(report, _rounds, _parts):
    segment = one_segment()
    few_took, few = asked(segment, FEW)
    many_took, many = asked(segment, MANY)
    beside = f"{FEW} segments"
    report.row("growth", f"{MANY} segments without an index: until it records and serves", "s", [many_took], [few_took], beside)
    for name, theirs in few.items():
        report.row("growth", f"{MANY} segments, {name}: first byte", "ms", [many[name]], [theirs], beside)
    for name in (name for name in many if name.endswith("min")):
        report.row("growth", f"{name}: first byte", "ms", [many[name]], [many["a clip of 5 s"]], "a clip of 5 s")
