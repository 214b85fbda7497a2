"""The camera of tests/preload: its faults, its counters and its log, and the numbers of its frames."""
import hashlib
import mmap
import os
import re
import struct

from support import BUILD, PROJECT
from support.times import PATIENCE_S, wait_for

FRAMES = os.path.join(BUILD, "tests", "frames", "small.frames")


def control_names():
    """Names and numbers of the faults and counters, from the C header that defines them."""
    with open(os.path.join(PROJECT, "tests", "preload", "control.h"), encoding="utf-8") as header:
        return {name: int(number) for name, number in re.findall(r"^\s*((?:CONTROL|COUNTER)_\w+) =\s+(\d+)", header.read(), re.M)}


class Frame:
    """One line of the camera's log."""

    def __init__(self, line):
        kind, sequence, number, mono_us, wall_us = line.split()
        self.kind, self.sequence, self.number = kind, int(sequence), int(number)
        self.mono_us, self.wall_us = int(mono_us), int(wall_us)


class Camera:
    """One camera of tests/preload: its line of configuration, its faults and its log."""

    NAMES = control_names()

    def __init__(self, folder, path="/dev/video0", fps="30", frames=FRAMES):
        base = os.path.join(folder, os.path.basename(path))
        self.log_path, control_path = base + ".log", base + ".control"
        links = [f"{base}.{number}.frames" for number, _ in enumerate(frames.split(","))]  # a line of the configuration cannot have paths with spaces
        for link, file in zip(links, frames.split(",")):
            os.symlink(file, link)
        self.line = f"path={path} frames={','.join(links)} fps={fps} control={control_path} log={self.log_path}"
        with open(control_path, "wb") as control:
            control.truncate(4096)
        with open(control_path, "r+b") as control:
            self.control = mmap.mmap(control.fileno(), 4096)

    def fault(self, name, value=1):
        """For example fault("unplugged") or fault("error_next", 3); see control.h."""
        struct.pack_into("=I", self.control, 4 * self.NAMES["CONTROL_" + name.upper()], value)

    def fault_left(self, name):
        return struct.unpack_from("=I", self.control, 4 * self.NAMES["CONTROL_" + name.upper()])[0]

    def counter(self, name):
        return struct.unpack_from("=Q", self.control, 256 + 8 * self.NAMES["COUNTER_" + name.upper()])[0]

    def frames(self, kind="taken"):
        """The frames in the camera's log so far. The last line may be incomplete, so it is skipped."""
        try:
            with open(self.log_path, encoding="ascii") as log:
                lines = log.read().split("\n")[:-1]
        except FileNotFoundError:
            lines = []
        return [frame for frame in map(Frame, lines) if frame.kind == kind]

    def newest(self):
        """The last frame that was taken."""
        return self.frames()[-1]

    def wait_for_frames(self, count):
        """Waits for that many more frames."""
        before = len(self.frames())
        wait_for(lambda: len(self.frames()) >= before + count, count / 10 + PATIENCE_S, f"{count} more frames")

    def heal(self):
        """Clears all faults."""
        for name in self.NAMES:
            if name.startswith("CONTROL_") and name not in ("CONTROL_BYTES", "CONTROL_FAULTS"):
                self.fault(name[len("CONTROL_"):], 0)


def jpegs(path=FRAMES):
    """The JPEGs in a file of frames (tests/tools/frames.h), in the order of their numbers."""
    with open(path, "rb") as file:
        data = file.read()
    count = struct.unpack_from("=I", data, 20)[0]
    places = (struct.unpack_from("=QQ", data, 24 + 16 * number) for number in range(count))
    return [data[offset:offset + length] for offset, length in places]


def jpegs_by_hash(path=FRAMES):
    """Maps the sha1 of each JPEG in a file of frames to its number."""
    return {hashlib.sha1(jpeg).digest(): number for number, jpeg in enumerate(jpegs(path))}


def jpeg_number(numbers, jpeg):
    """The number of exactly this JPEG; None if the camera never sent it."""
    return numbers.get(hashlib.sha1(jpeg).digest())
