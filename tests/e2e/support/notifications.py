"""Reads the rings of notifications and of motion records of a camera, as shared/notify/notification_ring.h describes them."""
import json
import struct

from support.times import PATIENCE_S, wait_for

RECORD = struct.Struct("<IIQQqII")  # struct notification_record
MAGIC = 0x4e524353


def frames(name):
    """
    (monotonic time in microseconds when it was put there, bytes) of each frame of a ring in /dev/shm, oldest first. None is overwritten while
    it is read in a test.
    """
    with open("/dev/shm/" + name, "rb") as file:
        ring = file.read()
    index, entries, data, size = struct.unpack_from("<QQQQ", ring, 24)
    head, tail = struct.unpack_from("<QQ", ring, 128)
    found = []
    for number in range(max(tail, 1), head + 1):
        sequence, position, _, mono_us, length = struct.unpack_from("<QQqqI", ring, index + 64 * (number % entries))
        assert sequence == number, (sequence, number)
        found.append((mono_us, ring[data + position % size:data + position % size + length]))
    return found


def notifications(camera):
    """
    All that are in the ring, oldest first. "kind", "series" and "number" are those of the record, "mono_us" is when it was told.
    """
    found = []
    for mono_us, frame in frames(f"recorder.{camera}.events"):
        magic, kind, series, number, wall_us, length, _ = RECORD.unpack_from(frame)
        assert magic == MAGIC and len(frame) == RECORD.size + length, frame
        one = json.loads(frame[RECORD.size:])
        assert one["id"] == f"{series:016x}-{number}" and one["camera"] == camera and round(one["time"] * 1e6) == wall_us, one
        found.append(dict(one, kind=kind, series=series, number=number, mono_us=mono_us))
    return found


def motion_strengths(camera):
    """Second -> its largest strength, of the records in the ring (struct motion_record)."""
    found = {}
    for _, record in frames(f"recorder.{camera}.motion"):
        second, low, high = struct.unpack_from("<q72s72s", record)
        both = int.from_bytes(low, "little") & int.from_bytes(high, "little")
        found[second] = 3 if both else 2 if any(high) else 1 if any(low) else 0
    return found


def newest(camera):
    return notifications(camera)[-1]["number"]


def told(camera, event, after, number=1):
    """Waits until that event was told, so many times, after the notification of that number. Returns the last of them."""
    def found():
        return [one for one in notifications(camera) if one["event"] == event and one["number"] > after]
    return wait_for(lambda: len(found()) >= number and found(), PATIENCE_S, f"{event} is told")[-1]
