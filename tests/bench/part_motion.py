"""What moved: CPU time and memory of recorder-motion, against Debian's motion with the same five pictures per second.

The pictures are as large as a camera's, and a texture moves through all of them: the detector has the most to do.
"""
import os
import subprocess
import time

from contestants import FRAMES, Motion, Recorder
from measure import cpu_of_threads, cpu_since, rss_anon_bytes
from part_record import FULL_HD_FRAMES
from support.times import wait_for

PARTS = ("motion",)
SECONDS = 10
LOOKED_AT = 5  # pictures per second
SIZES = (("1280x720", 1280, 720, FRAMES, 1.5), ("1920x1080", 1920, 1080, FULL_HD_FRAMES, 3.0))


def percent_of_a_core(pids):
    used = cpu_of_threads(pids)
    time.sleep(SECONDS)
    return 100 * cpu_since(used, pids) / SECONDS


def watch(recorder):
    """Debian's motion with its own settings, on the live stream of the recorder."""
    settings = {
        "netcam_url": f"http://127.0.0.1:{recorder.port}/stream?fps={LOOKED_AT}", "width": recorder.size[0], "height": recorder.size[1],
        "framerate": LOOKED_AT, "threshold": 1500, "despeckle_filter": "EedDl", "movie_output": "off", "picture_output": "off",
        "webcontrol_port": 0, "stream_port": 0, "log_level": 3, "log_file": recorder.path("motion.log"), "target_dir": recorder.folder,
    }
    with open(recorder.path("motion.conf"), "w", encoding="utf-8") as conf:
        conf.write("daemon off\n" + "".join(f"{key} {value}\n" for key, value in settings.items()))
    command = [Motion.program(), "-n", "-c", recorder.path("motion.conf")]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def motion_beside(recorder):
    process = watch(recorder)
    try:
        time.sleep(3)
        return percent_of_a_core([process.pid])
    finally:
        process.terminate()
        process.wait()


def measure(width, height, frames, beside):
    """Percent of a core of recorder-motion and of motion, and the memory of the former."""
    with Recorder(settings={"camera": {"width": width, "height": height}}, frames=frames) as recorder:
        recorder.size = width, height
        wait_for(lambda: recorder.get("/camera_info").json()["motion"]["records"] >= 5, 30, "recorder-motion sends records")
        pids = recorder.children("recorder-motion")
        own = percent_of_a_core(pids)
        return own, motion_beside(recorder) if beside else None, rss_anon_bytes(pids) / (1 << 20)


def run(report, rounds, _parts):
    beside = Motion.program() is not None
    if not beside:
        report.skipped("motion is not installed: nothing to compare recorder-motion with")
    for title, width, height, frames, target in SIZES:
        if not os.path.exists(frames):
            report.skipped(f"{frames} is missing")
            continue
        taken = [measure(width, height, frames, beside) for _ in range(rounds)]
        report.row("motion", f"{title} at 60 fps, CPU of recorder-motion", "% of a core", [own for own, _, _ in taken], at_most=target)
        if beside:
            report.row("motion", f"{title} at 60 fps, CPU beside motion", "% of a core", [own for own, _, _ in taken],
                       [other for _, other, _ in taken], "motion, 5 pictures per second")
        report.row("motion", f"{title} at 60 fps, private memory of recorder-motion", "MiB", [memory for _, _, memory in taken], at_most=16)
