"""Recording: the CPU of recorderd and its FFmpeg for a frame, beside the same FFmpeg alone with the same frames out of a file."""
import os
import struct
import subprocess
import time

from contestants import FPS, FRAMES, Recorder
from measure import cpu_of_threads, cpu_since, family
from rig import BUILD

PARTS = ("record",)
FULL_HD_FRAMES = os.path.join(BUILD, "tests", "frames", "full_hd.frames")
SECONDS = 6
LOSS_SECONDS = 15


def ivf_of(frames_path, count, path):
    """The frames as the recorder's FFmpeg is given them."""
    with open(frames_path, "rb") as file:
        data = file.read()
    width, height, _, total = struct.unpack_from("=IIII", data, 8)
    with open(path, "wb") as ivf:
        ivf.write(struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"MJPG", width, height, 1000000, 1, count, 0))
        for number in range(count):
            offset, length = struct.unpack_from("=QQ", data, 24 + 16 * (number % total))
            ivf.write(struct.pack("<IQ", length, number * 1000000 // FPS) + data[offset:offset + length])


def recording(settings, frames, seconds):
    """(CPU seconds a frame, FFmpeg's command line, frames lost)"""
    with Recorder(recording=True, settings=settings, frames=frames) as recorder:
        time.sleep(2)
        pids = family(recorder.recorderd.pid)
        encoder = recorder.children("ffmpeg")[0]
        with open(f"/proc/{encoder}/cmdline", "rb") as file:
            command = file.read().decode().split("\0")[:-1]
        used, before = cpu_of_threads(pids), encoded(recorder)
        time.sleep(seconds)
        cpu, number = cpu_since(used, pids), encoded(recorder) - before
        lost = recorder.get("/camera_info").json()["lost"] + len(recorder.camera.frames("missed"))
    return cpu / number, command, lost


def encoded(recorder):
    """A busy machine's FFmpeg may be behind the camera."""
    return sum(one["frames"] for one in recorder.get("/recordings").json())


def bare(command, ivf, count):
    """CPU seconds a frame."""
    with open(ivf, "rb") as frames, subprocess.Popen(command, stdin=frames, stdout=subprocess.DEVNULL) as process:
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    return (used.ru_utime + used.ru_stime) / count


def run(report, rounds, _parts):
    count, ivf = SECONDS * FPS, os.path.join(BUILD, "tests", "frames", "bench.ivf")
    ivf_of(FRAMES, count, ivf)
    ours, theirs = [], []
    for _ in range(rounds):
        used, command, _ = recording({}, FRAMES, SECONDS)
        ours.append(used * 1e3)
        theirs.append(bare(command, ivf, count) * 1e3)
    os.unlink(ivf)
    report.row("record", "1280x720, superfast: recorderd and its FFmpeg, CPU a frame", "ms", ours, theirs,
               "the same FFmpeg command alone, from a file", at_most=1.1)
    settings = {"camera": {"width": 1920, "height": 1080}, "record": {"preset": "ultrafast"}}
    used, _, lost = recording(settings, FULL_HD_FRAMES, LOSS_SECONDS)
    report.row("record", f"1920x1080 at {FPS} fps, ultrafast: CPU a frame", "ms", [used * 1e3])
    report.row("record", f"1920x1080 at {FPS} fps: lost of {LOSS_SECONDS * FPS} frames", "frames", [lost], at_most=0)
