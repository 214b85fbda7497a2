"""Kills recorderd and its FFmpeg at random instants, and checks what has to be true after each kill."""
import contextlib
import http.client
import os
import random
import shutil
import signal
import statistics
import struct
import threading
import time

from support.false_motion import crc32c
from support.faulty_rig import COUNT
from support.rig import Rig
from support.times import PATIENCE_S, US, wait_for

NEAR_US = 3000  # at most between a frame's times in the index and in the camera's log


class Load:
    """Clients that keep asking for clips and pictures."""

    def __init__(self, rig, clients=2):
        self.rig, self.stopping = rig, threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]

    def run(self):
        while not self.stopping.is_set():
            for path in ("/footage?from=-20s&to=-2s", "/snapshot", "/recordings?limit=20"):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self.rig.get(path)

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def index_times(rig):
    """Wall times of all frames in all indexes, in the order of recording."""
    times = []
    for one in reversed(rig.get("/recordings").json()):
        with open(os.path.join(rig.recordings, one["file"].replace(".mp4", ".idx")), "rb") as file:
            data = file.read()
        times += [struct.unpack_from("=q", data, at)[0] for at in range(32, len(data) - 31, 32)]
    return times


def missing(rig, times):
    """Numbers of the frames that were taken before the newest indexed one, but are not in the index. No frame is there twice."""
    absent, at, frames = [], 0, rig.camera.frames()
    # A line of the log is late if its process lost the processor between reading two clocks.
    offset_us = statistics.median(frame.wall_us - frame.mono_us for frame in frames)
    for frame in frames:
        wall_us = frame.mono_us + offset_us
        if wall_us > times[-1] + NEAR_US:
            break
        if at < len(times) and abs(times[at] - wall_us) <= NEAR_US:
            at += 1
        else:
            absent.append(frame.number)
    assert at == len(times), f"record {at} of the index, at {times[at]}, is not a frame of the camera, or is there twice"
    return absent


def wait_recorded_after(rig, since_us):
    """Waits until a later frame is indexed. Returns the seconds until then."""
    def indexed():
        with contextlib.suppress(OSError, http.client.HTTPException, LookupError, TypeError, ValueError):
            info = rig.get("/camera_info").json()
            return info["recording"]["indexed_until"] and info["recording"]["frames"] > 0 and index_times(rig)[-1] > since_us
        return False
    wait_for(indexed, PATIENCE_S, "recording continues")
    return (time.time_ns() // 1000 - since_us) / US


def kill_recorder(rig):
    rig.stop_recorderd(signal.SIGKILL)
    since_us = time.time_ns() // 1000
    rig.start_recorderd()
    return since_us


def kill_encoder(rig):
    since_us = time.time_ns() // 1000
    for encoder in rig.children("ffmpeg"):
        os.kill(encoder, signal.SIGKILL)
    return since_us


class Kills:
    """A series of kills and their cost: each kill of recorderd may lose one frame, which it had taken but not yet stored."""

    def __init__(self, rig, seed):
        self.rig, self.chance = rig, random.Random(seed)
        self.recorder = self.encoder = 0
        self.lost, self.seconds = [], []

    def kill(self, whom):
        time.sleep(self.chance.uniform(0.1, 1.6))
        since_us = kill_recorder(self.rig) if whom == "recorder" else kill_encoder(self.rig)
        self.recorder += whom == "recorder"
        self.encoder += whom == "encoder"
        self.seconds.append(wait_recorded_after(self.rig, since_us))
        self.lost = missing(self.rig, index_times(self.rig))
        assert len(self.lost) <= self.recorder, f"{len(self.lost)} frames are missing after {self.recorder} kills: {self.lost}"

    def summary(self):
        return (f"{self.recorder} kills of recorderd, {self.encoder} of FFmpeg: {len(self.lost)} frames lost; recording again after "
                f"{max(self.seconds):.2f} s at most, {sorted(self.seconds)[len(self.seconds) // 2]:.2f} s usually")


def assert_numbers(rig, lost):
    """The pictures themselves are what was taken, in order, without those that are known to be lost."""
    taken = [frame.number % COUNT for frame in rig.camera.frames() if frame.number not in set(lost)]
    shown = rig.archive_numbers()
    assert shown == taken[:len(shown)], "a wrong picture"
    assert len(taken) - len(shown) <= 2, f"{len(taken) - len(shown)} frames at the end are missing"


def motion_lists(rig):
    return sorted(name for name in os.listdir(rig.recordings) if name.startswith("motion_"))


def stored_seconds(rig, file):
    """The seconds of the records beside a segment. Every record is whole and valid (shared/motion/motion_record.h)."""
    try:
        with open(os.path.join(rig.recordings, file.replace(".mp4", ".motion")), "rb") as motion:
            data = motion.read()
    except FileNotFoundError:
        return []
    magic, segment_no = struct.unpack_from("<QQ", data)
    assert magic == 0x0a31544f4d524353 and crc32c(data[:164]) == struct.unpack_from("<I", data, 164)[0] and len(data) % 168 == 0, file
    for at in range(168, len(data), 168):
        assert crc32c(data[at:at + 164], segment_no) == struct.unpack_from("<I", data, at + 164)[0], f"{file}: record at {at}"
    return [struct.unpack_from("<q", data, at)[0] for at in range(168, len(data), 168)]


def assert_records(rig):
    """The records of what moved are in order, beside the frames of their seconds, and counted in the list of their day. Returns how many."""
    listed, stored = {}, 0
    for name in motion_lists(rig):
        with open(os.path.join(rig.recordings, name), "rb") as file:
            data = file.read()
        for at in range(256, 256 + 256 * struct.unpack_from("<I", data, 8)[0], 256):
            records, = struct.unpack_from("<I", data, at + 24)
            file = data[at + 184:at + 248].rstrip(b"\0").decode()
            assert file not in listed, f"{file} is listed twice"
            listed[file] = records
    for name in sorted(name for name in os.listdir(rig.recordings) if name.endswith(".mp4")):
        seconds = stored_seconds(rig, name)
        with open(os.path.join(rig.recordings, name.replace(".mp4", ".idx")), "rb") as index:
            data = index.read()
        taken = {struct.unpack_from("<q", data, at)[0] // US for at in range(32, len(data) - 31, 32)}
        assert seconds == sorted(set(seconds)) and set(seconds) <= taken, (name, seconds, taken)
        assert listed.pop(name) == len(seconds), name
        stored += len(seconds)
    assert not listed, f"segments that are not there are listed: {listed}"
    return stored


def assert_rebuilt_alike(rig):
    """
    Each index is the same as the one that another recorder rebuilds from the segments alone, and each list of what moved as the
    one that it rebuilds from these and the .motion files. Returns how many segments there are.
    """
    with Rig({"motion": {"enabled": "yes"}}) as other:
        other.camera.fault("unplugged")
        os.mkdir(other.recordings)
        names = [name for name in os.listdir(rig.recordings) if name.endswith(".mp4")]
        for name in os.listdir(rig.recordings):
            if name.endswith((".mp4", ".motion")):
                shutil.copy(os.path.join(rig.recordings, name), other.recordings)
        other.start_recorderd()
        wait_for(lambda: os.path.exists(os.path.join(other.recordings, "recording_index.json")), 60, "the list is written")
        assert other.stop_recorderd() == 0
        lists = motion_lists(rig)
        assert lists == motion_lists(other)
        for name in [name.replace(".mp4", ".idx") for name in names] + lists:
            with open(os.path.join(rig.recordings, name), "rb") as one, open(os.path.join(other.recordings, name), "rb") as two:
                assert one.read() == two.read(), f"{name} was rebuilt differently"
    assert names
    return len(names)

