"""500 viewers at 15 frames per second together with the API and a clip; 2,000 that come at once; 1,000 that come and go."""
import os
import subprocess
import time

from contestants import Recorder
from measure import descriptors, median, percentile, rss_anon_bytes
from support.times import wait_for
from tools import BENCH, Viewers, fetch

PARTS = ("crowd",)
CAP = 500
AT_ONCE = 2000
FPS_ASKED = 15
VISITS = 1000


def losses(recorder):
    info = recorder.get("/camera_info").json()
    return info["lost"] + len(recorder.camera.frames("missed"))


def full_house(report, recorder):
    """The clip is of the newest seconds, and long enough to take a while to read."""
    lost = losses(recorder)
    viewers = Viewers(recorder, CAP, 6, path=f"/stream?fps={FPS_ASKED}", warm_up=2)
    time.sleep(3)
    answers = fetch(recorder.port, "/camera_info", 200, 5)
    clip = fetch(recorder.port, "/footage?from=-30s&to=-2s", 3)
    result = viewers.result()
    times = [one["total_ms"] for one in answers]
    report.row("crowd", f"{CAP} viewers at {FPS_ASKED} fps, frames per second at the slowest", "fps", [result["fps"]["min"]],
               at_least=FPS_ASKED - 0.5)
    report.row("crowd", f"{CAP} viewers, API median", "ms", [median(times)], at_most=5)
    report.row("crowd", f"{CAP} viewers, API 99 %", "ms", [percentile(times, 0.99)], at_most=20)
    report.row("crowd", f"{CAP} viewers, a clip of {clip[0]['bytes'] / 1e6:.0f} MB at the same time", "GB/s",
               [one["bytes"] / (one["total_ms"] - one["first_ms"]) / 1e6 for one in clip], at_least=1)
    report.row("crowd", f"{CAP} viewers, frames lost by the recorder", "frames", [losses(recorder) - lost], at_most=0)


def at_once(report, recorder):
    pids = [*recorder.web_processes("lighttpd"), *recorder.web_processes("recorder-live")]
    before = rss_anon_bytes(pids)
    viewers = Viewers(recorder, AT_ONCE, 3, path="/stream?fps=1", warm_up=3)
    time.sleep(4.5)
    memory = rss_anon_bytes(pids) - before
    result = viewers.result()
    report.row("crowd", f"{AT_ONCE} viewers at once, served", "viewers", [result["served"]], at_least=CAP)
    report.row("crowd", f"{AT_ONCE} viewers at once, neither served nor refused with 503", "viewers",
               [result["unanswered"] + result["closed"]], at_most=0)
    report.row("crowd", f"{AT_ONCE} viewers at once, last answer", "ms", [result["answered_ms"]["max"]], at_most=1000)
    report.row("crowd", f"private memory of lighttpd and worker, each of {CAP} served", "KB",
               [memory / max(1, result["served"]) / 1024], at_most=64)


def gone(report, recorder, idle):
    """Seconds until the worker has closed the connections of killed viewers. idle: its descriptors without viewers."""
    worker = recorder.web_processes("recorder-live")[0]
    wait_for(lambda: descriptors(worker) <= idle, 20, "the viewers before are gone")
    viewers = Viewers(recorder, 100, 60)
    wait_for(lambda: descriptors(worker) >= idle + 100, 10, "all are viewers")
    viewers.process.kill()
    start = time.monotonic()
    wait_for(lambda: descriptors(worker) <= idle, 20, "the worker has closed their connections")
    report.row("crowd", "100 viewers killed, until the worker has closed their connections", "s", [time.monotonic() - start], at_most=2)
    viewers.process.wait()


def viewer_churn(report, recorder):
    pids = [*recorder.web_processes("lighttpd"), *recorder.web_processes("recorder-live")]
    come_and_go(recorder, VISITS // 10)
    descriptors_before, memory_before = sum(map(descriptors, pids)), rss_anon_bytes(pids)
    come_and_go(recorder, VISITS)
    time.sleep(1)
    report.row("crowd", f"{VISITS} viewers that came and went, descriptors left", "descriptors",
               [sum(map(descriptors, pids)) - descriptors_before], at_most=0)
    report.row("crowd", f"{VISITS} viewers that came and went, private memory left", "KB",
               [(rss_anon_bytes(pids) - memory_before) / 1024], at_most=256)


def come_and_go(recorder, times):
    for _ in range(times // 100):
        subprocess.run([os.path.join(BENCH, "viewers"), "-n", "100", "-w", "0", "-t", "0", str(recorder.port)], check=True,
                       stdout=subprocess.DEVNULL)


def run(report, _rounds, _parts):
    with Recorder(recording=True, settings={"http": {"max_viewers": CAP}, "record": {"quality": 4, "preset": "ultrafast"}}) as recorder:
        time.sleep(32)
        idle = descriptors(recorder.web_processes("recorder-live")[0])
        full_house(report, recorder)
        at_once(report, recorder)
        gone(report, recorder, idle)
        viewer_churn(report, recorder)
