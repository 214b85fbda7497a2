"""Reads the rings of notifications and of motion records of a camera, as shared/notify/notification_ring.h describes them."""
import json
import struct

from support.times import PATIENCE_S, wait_for

RECORD = struct.Struct("<IIQQqII")  # struct notification_record
MAGIC = 0x4e524353


def frames(name):
    """The bytes of each frame of a ring in /dev/shm, oldest first (shared/ring/ring.h). None is overwritten while it is read in a test."""
    with open("/dev/shm/" + name, "rb") as file:
        ring = file.read()
    index, entries, data, size = struct.unpack_from("<QQQQ", ring, 24)
    head, tail = struct.unpack_from("<QQ", ring, 128)
    found = []
    for number in range(max(tail, 1), head + 1):
        sequence, position, _, _, length = struct.unpack_from("<QQqqI", ring, index + 64 * (number % entries))
        assert sequence == number, (sequence, number)
        found.append(ring[data + position % size:data + position % size + length])
    return found


def notifications(camera):
    """All that are in the ring, oldest first; "kind" is the number of the kind, "series" and "number" are those of the record."""
    found = []
    for frame in frames(f"recorder.{camera}.events"):
        magic, kind, series, number, wall_us, length, _ = RECORD.unpack_from(frame)
        assert magic == MAGIC and len(frame) == RECORD.size + length, frame
        one = json.loads(frame[RECORD.size:])
        assert one["id"] == f"{series:016x}-{number}" and one["camera"] == camera and round(one["time"] * 1e6) == wall_us, one
        found.append(dict(one, kind=kind, series=series, number=number))
    return found


def newest(camera):
    return notifications(camera)[-1]["number"]


def told(camera, event, after, number=1):
    """Waits until that event was told, so many times, after the notification of that number. Returns the last of them."""
    def found():
        return [one for one in notifications(camera) if one["event"] == event and one["number"] > after]
    return wait_for(lambda: len(found()) >= number and found(), PATIENCE_S, f"{event} is told")[-1]
