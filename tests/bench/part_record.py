"""Recording: CPU time per frame of recorderd and its FFmpeg, against the same FFmpeg alone with the same frames from a file."""
import fcntl
import os
import struct
import subprocess
import time

from contestants import FPS, FRAMES, Recorder
from measure import cpu_of_threads, cpu_since, family
from support import BUILD

PARTS = ("record",)
FULL_HD_FRAMES = os.path.join(BUILD, "tests", "frames", "full_hd.frames")
SECONDS = 6
LOSS_SECONDS = 15
CAMERA_THREAD = "camera.so"


def ivf_of(frames_path, count, path):
    """Writes the frames as the recorder's FFmpeg gets them."""
    with open(frames_path, "rb") as file:
        data = file.read()
    width, height, _, total = struct.unpack_from("=IIII", data, 8)
    with open(path, "wb") as ivf:
        ivf.write(struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"MJPG", width, height, 1000000, 1, count, 0))
        for number in range(count):
            offset, length = struct.unpack_from("=QQ", data, 24 + 16 * (number % total))
            ivf.write(struct.pack("<IQ", length, number * 1000000 // FPS) + data[offset:offset + length])


def recording(settings, frames, seconds):
    """(CPU seconds per frame, FFmpeg's command line, frames lost). The preloaded camera's own thread does not count."""
    with Recorder(recording=True, settings=settings, frames=frames) as recorder:
        time.sleep(2)
        pids = family(recorder.recorderd.pid)
        encoder = recorder.children("ffmpeg")[0]
        with open(f"/proc/{encoder}/cmdline", "rb") as file:
            command = file.read().decode().split("\0")[:-1]
        used, before = cpu_of_threads(pids, CAMERA_THREAD), encoded(recorder)
        time.sleep(seconds)
        cpu, number = cpu_since(used, pids, CAMERA_THREAD), encoded(recorder) - before
        lost = recorder.get("/camera_info").json()["lost"] + len(recorder.camera.frames("missed"))
    return cpu / number, command, lost


def encoded(recorder):
    """Waits until FFmpeg has caught up with the camera, which it may not on a busy machine."""
    return sum(one["frames"] for one in recorder.get("/recordings").json())


def used_by(process, count):
    """CPU seconds per frame, once FFmpeg has ended."""
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return (used.ru_utime + used.ru_stime) / count


def bare(command, ivf, count):
    """FFmpeg at full speed."""
    with open(ivf, "rb") as frames, subprocess.Popen(command, stdin=frames, stdout=subprocess.DEVNULL) as process:
        return used_by(process, count)


def paced(command, ivf, count):
    """FFmpeg at the camera's pace, which also costs time because processors sleep and caches are reused between two frames."""
    with open(ivf, "rb") as frames, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        fcntl.fcntl(process.stdin, fcntl.F_SETPIPE_SZ, 1 << 20)
        began = time.monotonic()
        process.stdin.write(frames.read(32))
        for number in range(count):
            time.sleep(max(0, began + number / FPS - time.monotonic()))
            header = frames.read(12)
            process.stdin.write(header + frames.read(struct.unpack_from("<I", header)[0]))
            process.stdin.flush()
        process.stdin.close()
        return used_by(process, count)


def run(report, rounds, _parts):
    count, ivf = SECONDS * FPS, os.path.join(BUILD, "tests", "frames", "bench.ivf")
    ivf_of(FRAMES, count, ivf)
    ours, at_once, at_pace = [], [], []
    for _ in range(rounds):
        used, command, _ = recording({}, FRAMES, SECONDS)
        ours.append(used * 1e3)
        at_once.append(bare(command, ivf, count) * 1e3)
        at_pace.append(paced(command, ivf, count) * 1e3)
    os.unlink(ivf)
    report.row("record", "1280x720, superfast: recorderd and its FFmpeg, CPU per frame", "ms", ours, at_once,
               "the same FFmpeg command alone, from a file at full speed", at_most=1.1)
    report.row("record", "1280x720, superfast: recorderd and its FFmpeg, CPU per frame, at the camera's pace", "ms", ours, at_pace,
               "the same FFmpeg command alone, from a file at the camera's pace", at_most=1.1)
    settings = {"camera": {"width": 1920, "height": 1080}, "record": {"preset": "ultrafast"}}
    used, _, lost = recording(settings, FULL_HD_FRAMES, LOSS_SECONDS)
    report.row("record", f"1920x1080 at {FPS} fps, ultrafast: CPU per frame", "ms", [used * 1e3])
    report.row("record", f"1920x1080 at {FPS} fps: lost of {LOSS_SECONDS * FPS} frames", "frames", [lost], at_most=0)
