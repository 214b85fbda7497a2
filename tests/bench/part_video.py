"""Live video beside MJPEG and beside another program: bits, processor time, and how old a frame is when it has arrived."""
import time

from contestants import Recorder, UStreamer, present
from tools import Viewers

PARTS = ("video",)
SIZES = (1, 50, 500)
MJPEG_SIZES = (1, 25)
SECONDS = 10
INTERVAL_MS = 1000 / 60
FULL_FPS = 59


def mbit(result):
    return result["bytes"] * 8 / 1e6 / result["seconds"] / max(1, result["served"])


def cpu_per_hour(result):
    """CPU seconds of an hour of one viewer."""
    return result["cpu_s"] / result["seconds"] * 3600 / max(1, result["served"])


def video(recorder):
    return {size: Viewers(recorder, size, SECONDS, path="/live.mp4", warm_up=3).result() for size in SIZES}


def jpegs(contestant):
    return {size: Viewers(contestant, size, SECONDS).result() for size in MJPEG_SIZES}


def losses(recorder):
    return recorder.get("/camera_info").json()["lost"] + len(recorder.camera.frames("missed"))


def churn(report, recorder):
    """500 that come at once, most of which read slowly or leave at once."""
    before = losses(recorder)
    for slow in (500, 0, 500):
        Viewers(recorder, 500, 2, slow=slow, path="/live.mp4", warm_up=0).result()
    report.row("video", "500 viewers that come, go and stall three times, frames lost by the recorder", "frames", [losses(recorder) - before],
               at_most=0)


def full_rate(one):
    """Whether each of the 500 got the video: otherwise its CPU is that of something else."""
    return one[500]["served"] == 500 and one[500]["fps"]["min"] >= FULL_FPS


def cpu_rows(report, ours, pictures, label):
    pairs = [(mine, other) for mine, other in zip(ours, pictures) if full_rate(mine)]
    if len(pairs) < len(ours):
        slowest = min(one[500]["fps"]["min"] for one in ours)
        report.skipped(f"CPU beside {label} was skipped in {len(ours) - len(pairs)} of {len(ours)} rounds: the slowest of 500 viewers got {slowest:.1f} fps")
    if pairs:
        report.row("video", "500 viewers of live video, beside 25 of MJPEG", "CPU s/s", [mine[500]["cpu_s"] / SECONDS for mine, _ in pairs],
                   [other[25]["cpu_s"] / SECONDS for _, other in pairs], label, at_most=1)


def rows(report, ours, pictures, label):
    report.row("video", "one viewer of live video", "Mbit/s", [mbit(one[1]) for one in ours], [mbit(one[1]) for one in pictures], label,
               at_most=1 / 15)
    cpu_rows(report, ours, pictures, label)


def run(report, rounds, _parts):
    ours, pictures, theirs = [], [], []
    for _ in range(rounds):
        with Recorder(recording=True) as recorder:
            time.sleep(3)
            ours.append(video(recorder))
            pictures.append(jpegs(recorder))
        for kind in present([UStreamer], report.skipped):
            with kind() as other:
                theirs.append(jpegs(other))
    rows(report, ours, pictures, "MJPEG of the recorder")
    if theirs:
        rows(report, ours, theirs, UStreamer.label)
    for size in SIZES:
        name = f"{size} viewer{'s' * (size > 1)} of live video"
        report.row("video", f"{name}, CPU per hour of one", "s", [cpu_per_hour(one[size]) for one in ours])
        report.row("video", f"{name}, frames per second at the slowest", "fps", [one[size]["fps"]["min"] for one in ours], at_least=FULL_FPS)
        limits = (round(INTERVAL_MS + 25, 1), round(INTERVAL_MS + 75, 1)) if size == 1 else (None, None)
        report.row("video", f"{name}, median age of a frame", "ms", [one[size]["age_ms"]["median"] for one in ours], at_most=limits[0])
        report.row("video", f"{name}, 99 % age of a frame", "ms", [one[size]["age_ms"]["p99"] for one in ours], at_most=limits[1])
    with Recorder(recording=True) as recorder:
        churn(report, recorder)
