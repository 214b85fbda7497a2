"""recorder-ship beside a rig, and what it has put into the store."""
import os
import struct
import time

from support.rig import Rig, program
from support.times import PATIENCE_S, wait_for

HEADER, ENTRY, CATALOGUE_ENTRY = 256, 256, 192  # shared/store/ship_list.h


class ShippingRig(Rig):
    """A rig with a store. piece_seconds is 1, so that tests do not wait long."""

    INI = {**Rig.INI, "record": {**Rig.INI["record"], "segment_seconds": 10}}

    def __init__(self, store, settings=None, **arguments):
        self.store = store
        merged = {"store": {"url": store.url, "piece_seconds": 1}}
        for section, keys in (settings or {}).items():
            merged.setdefault(section, {}).update(keys)
        super().__init__(merged, **arguments)
        self.ship = None
        self.state = self.path("store")
        self.write_key()

    def write_key(self, key=None, token=None):
        path = self.path("store.key")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write("\n".join([*(key or self.store.key), *([token] if token else [])]) + "\n")
        os.chmod(path + ".new", 0o400)
        os.rename(path + ".new", path)

    def start_ship(self):
        self.ship = self.spawn([program("recorder-ship"), "--config", self.ini], "ship.log", self.environment)

    def stop_ship(self, **how):
        ship, self.ship = self.ship, None
        return self.stop_process(ship, **how)

    def stop(self):
        self.stop_ship()
        return super().stop()

    def restart_ship(self):
        self.stop_ship()
        self.start_ship()

    def file(self, name):
        with open(os.path.join(self.recordings, name), "rb") as file:
            return file.read()

    def closed(self):
        """File name -> segment number of the segments that are complete."""
        with open(os.path.join(self.recordings, "recording_index.bin"), "rb") as file:
            data = file.read()[CATALOGUE_ENTRY:]
        entries = [data[at:at + CATALOGUE_ENTRY] for at in range(0, len(data), CATALOGUE_ENTRY)]
        return {entry[96:160].rstrip(b"\0").decode(): struct.unpack_from("<Q", entry)[0] for entry in entries if entry[92] == 1}

    def archive(self):
        """The id of the recordings folder, which is in the names of its objects (shared/store/archive_id.h)."""
        return self.file("archive.id").split()[0].decode()

    def named(self, kind):
        """Name -> bytes of the objects of a kind that are of this recordings folder."""
        return {name: body for name, body in self.store.named(kind).items() if f"/{self.archive()}/" in name}

    def segment_object(self, number, kind, objects=None):
        """The content of the object of a segment's file; None: it is not there. objects: as of named("segments")."""
        found = [body for name, body in (self.named("segments") if objects is None else objects).items()
                 if name.rsplit("/", 1)[1].startswith(f"{number:012}-") and name.endswith("." + kind)]
        assert len(found) < 2, f"segment {number} has {len(found)} names"
        return found[0] if found else None

    def entries(self):
        """(number, start_us, START in the names of its objects) of the segments in the lists of days."""
        entries = []
        for body in self.named("days").values():
            assert len(body) == HEADER + ENTRY * struct.unpack_from("<Q", body, 8)[0]
            for at in range(HEADER, len(body), ENTRY):
                number, _, start_us = struct.unpack_from("<QQq", body, at)
                entries.append((number, start_us, *struct.unpack_from("<q", body, at + CATALOGUE_ENTRY)))
        return sorted(entries)

    def listed(self):
        """The numbers of the segments in the lists of days."""
        return [number for number, _, _ in self.entries()]

    def all_shipped(self):
        """True if each closed segment is in the store as it is on the disk, and listed; else a ValueError that says what is missing."""
        numbers, objects = self.closed(), self.named("segments")
        missing = [file for file, number in numbers.items() if None in (self.segment_object(number, "mp4", objects), self.segment_object(number, "idx", objects))]
        if missing or not set(numbers.values()) <= set(self.listed()):
            raise ValueError(f"missing: {missing}, listed: {self.listed()}, last: {self.log('ship.log').splitlines()[-3:]}")
        for file, number in numbers.items():
            assert self.segment_object(number, "mp4", objects) == self.file(file), f"{file} differs"
            assert self.segment_object(number, "idx", objects) == self.file(file[:-4] + ".idx"), f"the index of {file} differs"
        return bool(numbers)

    def wait_shipped(self):
        wait_for(self.all_shipped, PATIENCE_S, "every closed segment is in the store")

    def joined(self, number):
        """(media, index) of the pieces of a segment; a hole ends them."""
        media, index = b"", b""
        pieces = {name: body for name, body in self.named("live").items() if f"/{number:012}-" in name}
        for name in sorted(pieces):
            media_at, media_bytes, index_at, index_bytes = (int(part) for part in name.rsplit("/", 1)[1].split("-"))
            assert len(pieces[name]) == media_bytes + index_bytes
            if media_at > len(media) or index_at > len(index):
                break
            media += pieces[name][len(media) - media_at:media_bytes]
            index += pieces[name][media_bytes:][len(index) - index_at:] if index_at + index_bytes > len(index) else b""
        return media, index

    def pieces_of(self, file, number):
        """Checks that the pieces are the beginning of that segment; returns how many frames they have."""
        media, index = self.joined(number)
        whole, whole_index = self.file(file), self.file(file[:-4] + ".idx")
        free_at = whole.find(b"uuid") - 4
        free_at += struct.unpack_from(">I", whole, free_at)[0]
        assert index == whole_index[:len(index)], "the index of the pieces differs"
        for at in range(0, len(media), 1 << 20):
            same = media[at:at + (1 << 20)] == whole[at:at + len(media[at:at + (1 << 20)])]
            assert same or at <= free_at < at + (1 << 20), f"the pieces differ at {at}"
        first = media[:free_at] == whole[:free_at] and media[free_at + 16:1 << 20] == whole[free_at + 16:min(len(media), 1 << 20)]
        assert first, "the beginning of the pieces differs in more than the 16 bytes of the free box"
        return len(index) // 32 - 1

    def open_segment(self):
        """(file, number) of the segment that is being recorded; LookupError if there is none."""
        path = os.path.join(self.recordings, "recording_index.bin")
        if not os.path.exists(path):
            raise LookupError("nothing has been recorded")
        with open(path, "rb") as file:
            entry = file.read()[-CATALOGUE_ENTRY:]
        if entry[92] != 0:
            raise LookupError("no segment is open")
        return entry[96:160].rstrip(b"\0").decode(), struct.unpack_from("<Q", entry)[0]

    def warnings(self):
        return " ".join(self.get("/health").json()["warnings"])


def until(what, store, seconds=PATIENCE_S):
    """Waits for a condition of the store, which is looked at after each request."""
    end = time.monotonic() + seconds
    with store.changed:
        while not what():
            assert time.monotonic() < end, f"the store never saw it: {store.order[-3:]} {store.refused[-3:]} {store.failed[-3:]}"
            store.changed.wait(0.2)
