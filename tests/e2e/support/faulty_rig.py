"""A rig whose wall clock and disk a test controls (tests/preload/clock.c, disk.c), and checks for it."""
import errno
import mmap
import os
import re
import struct
import sys
import time

from support import BUILD, PROJECT
from support.exact import difference
from support.rig import Rig
from support.tap import run_tests
from support.times import US

from clip_frames import clip_numbers

COUNT = 9000  # frames in the file, after which numbers start again
HOUR_US = 3600 * US


def mapped(path, size):
    with open(path, "wb") as file:
        file.truncate(size)
    with open(path, "r+b") as file:
        return mmap.mmap(file.fileno(), size)


class Clock:
    """The clocks of everything that the rig starts; the test's own do not change."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "clock.control")
        self.control = mapped(self.path, 24)
        self.synchronised(True)

    def synchronised(self, yes):
        struct.pack_into("=I", self.control, 8, yes)

    @property
    def suspended_us(self):
        return struct.unpack_from("=q", self.control, 16)[0]

    def suspend(self, seconds):
        """As after a suspended machine: the wall clock and CLOCK_BOOTTIME have gone on, the monotonic clock has not."""
        struct.pack_into("=q", self.control, 16, self.suspended_us + round(seconds * US))

    @property
    def offset_us(self):
        return struct.unpack_from("=q", self.control, 0)[0]

    def set_offset(self, offset_us):
        struct.pack_into("=q", self.control, 0, offset_us)

    def age(self, seconds):
        """The monotonic clock moves forward: what programs remember is that much older."""
        struct.pack_into("=I", self.control, 12, struct.unpack_from("=I", self.control, 12)[0] + seconds)

    def step(self, seconds):
        self.set_offset(self.offset_us + round(seconds * US))

    def set(self, epoch):
        self.set_offset(epoch * US - time.time_ns() // 1000 - self.suspended_us)

    def now_us(self):
        return time.time_ns() // 1000 + self.offset_us + self.suspended_us


class Disk:
    """The disk below the recordings folder."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "disk.control")
        self.control = mapped(self.path, 4096)
        with open(os.path.join(PROJECT, "tests", "preload", "disk.h"), encoding="utf-8") as header:
            self.names = {name: int(number) for name, number in re.findall(r"^\s*DISK_(\w+) = (\d+)", header.read(), re.M)}

    def set(self, name, value):
        struct.pack_into("=I", self.control, 4 * self.names[name], value)

    def get(self, name):
        return struct.unpack_from("=I", self.control, 4 * self.names[name])[0]

    def heal(self):
        """Clears all faults."""
        self.full(False)
        self.read_only(False)
        self.hangs(False)
        self.set("READ_HANG", 0)
        self.set("FREE_MB", 0)

    def full(self, yes=True):
        self.set("GROW_ERRNO", errno.ENOSPC if yes else 0)

    def read_only(self, yes=True):
        self.set("CHANGE_ERRNO", errno.EROFS if yes else 0)

    def broken(self, yes=True):
        self.set("CHANGE_ERRNO", errno.EIO if yes else 0)

    def hangs(self, yes=True):
        self.set("HANG", yes)


class FaultyRig(Rig):
    def __init__(self, *arguments, recorder_environment=None, **options):
        super().__init__(*arguments, **options)
        self.recorder_environment = recorder_environment or {}
        self.clock, self.disk = Clock(self.folder), Disk(self.folder)
        self.environment.update(CLOCK_PRELOAD=self.clock.path, DISK_PRELOAD=self.disk.path,
                                DISK_FOLDER=os.path.realpath(self.recordings))

    def __exit__(self, *why):
        self.disk.hangs(False)
        super().__exit__(*why)

    def spawn(self, command, log, environment):
        """Only recorderd gets the faulty disk; all programs get the clock."""
        recorder = command[0].endswith("recorderd")
        names = ["clock", "disk"] if recorder else ["clock"]
        libraries = [os.path.join(BUILD, "tests", "preload", name + ".so") for name in names]
        loaded = [environment["LD_PRELOAD"]] if "LD_PRELOAD" in environment else []
        wanted = dict(environment, LD_PRELOAD=":".join(loaded + libraries))
        return super().spawn(command, log, {**wanted, **self.recorder_environment} if recorder else wanted)

    def restore(self):
        self.disk.heal()
        super().restore()

    # -- what is there

    def taken(self):
        """Numbers of the frames that recorderd has taken from the camera, in order."""
        return [frame.number % COUNT for frame in self.camera.frames()]

    def segments(self):
        """Oldest first."""
        return list(reversed(self.get("/recordings").json()))

    def archive_numbers(self):
        """Numbers of all frames in all segments, in the order of recording."""
        with open(self.path("segments.txt"), "w", encoding="utf-8") as listed:
            listed.write("".join(f"file '{self.recordings}/{one['file']}'\n" for one in self.segments()))
        return clip_numbers(self.path("segments.txt"), ["-f", "concat", "-safe", "0"])

    def timeline(self, from_us, to_us):
        return self.get(f"/timeline?from={from_us / US:.6f}&to={to_us / US:.6f}").json()

    def reasons(self):
        return " ".join(self.get("/health").json()["reasons"])

    def warnings(self):
        return " ".join(self.get("/health").json()["warnings"])


def assert_same(shown, wanted):
    assert shown == wanted, difference(shown, wanted)


def assert_in_order(shown, taken, missing=0):
    """`shown` is `taken`, of which up to `missing` at the end may be missing, and none in between."""
    assert_same(shown, taken[:len(shown)])
    assert len(taken) - len(shown) <= missing, f"{len(taken) - len(shown)} frames at the end are missing"


def main(namespace, before=None, **rig_options):
    """Runs the tests with one running rig that all of them share."""
    with FaultyRig(**rig_options) as rig:
        rig.start()
        status = run_tests(namespace, rig, before)
    sys.exit(status)
