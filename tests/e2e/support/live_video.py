"""A viewer of /live.mp4: the boxes of a fragmented MP4 without an end (ISO/IEC 14496-12)."""
import http.client
import struct

from support.times import PATIENCE_S, time_us, wait_for

NTP_S = 2208988800  # from 1900 to 1970
EVENT = b"urn:smart-camera-recorder:live-video\0"


class Fragment:
    """One frame: its time in the video, its duration, and, of a key frame, when it was captured (prft)."""

    def __init__(self, moof, captured_us):
        self.sequence = struct.unpack(">I", inner(moof, b"mfhd")[4:8])[0]
        traf = inner(moof, b"traf")
        tfdt = inner(traf, b"tfdt", 0)
        self.time_us = struct.unpack(">Q", tfdt[4:12])[0] if tfdt[0] == 1 else struct.unpack(">I", tfdt[4:8])[0]
        self.captured_us = captured_us


def boxes(data):
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        yield kind, data[at + 8:at + size]
        at += size


def inner(data, kind, skip=0):
    """The content of the first box of that type."""
    return next(content for found, content in boxes(data[skip:]) if found == kind)


class LiveVideo:
    """Reads /live.mp4 box by box. Its video is in parts: a new one begins with each init segment."""

    def __init__(self, rig, path="/live.mp4", headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=PATIENCE_S)
        self.connection.sock = rig.connect(PATIENCE_S)
        self.connection.request("GET", path, headers=headers or {})
        self.response = self.connection.getresponse()
        self.status, self.headers = self.response.status, self.response.headers
        self.rig, self.parts, self.fragments, self.events = rig, [], [], []
        self.captured_us = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.response.close()
        self.connection.close()

    @property
    def start_us(self):
        return time_us(self.headers["X-Clip-Start"])

    def box(self):
        """The next box, or None at the end of the stream."""
        head = self.exactly(8)
        if head is None:
            return None
        size, kind = struct.unpack(">I4s", head)
        content = self.exactly(size - 8)
        if content is None:
            return None
        if kind == b"ftyp":
            self.parts.append(b"")
        if kind == b"prft":
            seconds, fraction = struct.unpack(">II", content[8:16])
            self.captured_us = (seconds - NTP_S) * 1000000 + round(fraction * 1000000 / 2 ** 32)
        elif kind == b"emsg":
            at = content.index(EVENT) + len(EVENT)
            self.events.append(content[at:content.index(b"\0", at)].decode())
        elif kind == b"moof":
            self.fragments.append(Fragment(content, self.captured_us))
            self.captured_us = None
        self.parts[-1] += head + content
        return kind

    def exactly(self, count):
        found = b""
        while len(found) < count:
            try:
                more = self.response.read(count - len(found))
            except http.client.IncompleteRead:
                return None
            if not more:
                return None
            found += more
        return found

    def read(self, frames):
        """Reads that many more frames. False if the stream ended before."""
        until = len(self.fragments) + frames
        while len(self.fragments) < until:
            if self.box() is None:
                return False
        return self.box() is not None  # the mdat of the last one

    def numbers(self):
        """The frame numbers that a player shows, of all parts."""
        return [number for part in self.parts for _, number in self.rig.frames_of(part)]


def live_video(rig, path="/live.mp4"):
    """A viewer of the video, once it is accepted."""
    def one():
        viewer = LiveVideo(rig, path)
        if viewer.status == 200:
            return viewer
        viewer.close()
        return None
    return wait_for(one, PATIENCE_S, f"a viewer of {path} is accepted")


def assert_follows(numbers, count=9000):
    """Each frame once, in the camera's order; none is missing. Numbers begin again after `count`."""
    assert numbers and -1 not in numbers, numbers
    assert all((before + 1) % count == after for before, after in zip(numbers, numbers[1:])), numbers


def read_from(viewer, wall_us):
    """Reads up to a key frame that was captured then or later."""
    while not (viewer.fragments and (viewer.fragments[-1].captured_us or 0) >= wall_us):
        assert viewer.read(1), "the stream ended"
