"""Clips: time to the first byte against `ffmpeg -c copy` of the same range, throughput against lighttpd with a plain file, and the headers of long
clips: how large they are, and how soon they come."""
import contextlib
import os
import subprocess
import time
from datetime import datetime

from contestants import Recorder
from support.made_archive import make_archive, make_motion
from support.rig import Rig, free_port
from support.times import wait_for
from tools import fetch

PARTS = ("clips",)
FETCHES = 7
CLIP_S = 18
LONG_S = 36
JITTER_US = 400  # of the frames of a long clip: those of a camera are never quite equally long
LENGTHS = {60: ("1 min", None), 3600: ("1 h", 8), 6 * 3600: ("6 h", 50)}  # name, and the most milliseconds until the first byte


def ffmpeg_copy(path, from_s, seconds):
    """(ms to the first byte, ms in total)"""
    start = time.monotonic()
    command = ["ffmpeg", "-v", "error", "-ss", f"{from_s:.3f}", "-t", str(seconds), "-i", path, "-c", "copy", "-movflags",
               "frag_keyframe+empty_moov", "-f", "mp4", "pipe:1"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        os.read(process.stdout.fileno(), 1)
        first = time.monotonic()
        while os.read(process.stdout.fileno(), 1 << 20):
            pass
    return (first - start) * 1e3, (time.monotonic() - start) * 1e3


@contextlib.contextmanager
def plain_lighttpd(recorder, folder):
    """A lighttpd that has only files."""
    port = free_port()
    with open(recorder.path("plain.conf"), "w", encoding="utf-8") as conf:
        conf.write(f'server.port = {port}\nserver.bind = "127.0.0.1"\nserver.document-root = "{folder}"\n'
                   'mimetype.assign = ( "" => "video/mp4" )\n')
    process = recorder.spawn(["lighttpd", "-D", "-f", recorder.path("plain.conf")], "plain.log",
                             dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
    try:
        wait_for(lambda: answers(port), 10, "the plain lighttpd answers")
        yield port
    finally:
        recorder.stop_process(process)


def answers(port):
    with contextlib.suppress(subprocess.CalledProcessError):
        return fetch(port, "/nothing")[0]["status"] == 404
    return False


def gb_per_s(one):
    return one["bytes"] / (one["total_ms"] - one["first_ms"]) / 1e6


def first_byte(report, recorder):
    segment = recorder.get("/recordings").json()[0]
    begin = int(datetime.fromisoformat(segment["start"]).timestamp()) + 2
    path = os.path.join(recorder.recordings, segment["file"])
    address = f"/footage?from={begin}&to={begin + CLIP_S}"
    fetch(recorder.port, address, 2)
    ours, theirs = [], []
    for _ in range(FETCHES):
        ours.append(fetch(recorder.port, address)[0])
        theirs.append(ffmpeg_copy(path, 2, CLIP_S))
    report.row("clips", f"{CLIP_S} s of the open segment, until the first byte", "ms", [one["first_ms"] for one in ours],
               [first for first, _ in theirs], "ffmpeg -c copy", at_most=0.1)
    report.row("clips", f"{CLIP_S} s of the open segment ({ours[0]['bytes'] / 1e6:.1f} MB), in all", "ms", [one["total_ms"] for one in ours],
               [total for _, total in theirs], "ffmpeg -c copy")


def throughput(report, recorder):
    now = int(time.time())
    address = f"/footage?from={now - LONG_S - 2}&to={now - 2}"
    size = fetch(recorder.port, address, 2)[-1]["bytes"]
    folder = recorder.path("plain")
    os.mkdir(folder)
    with open(os.path.join(folder, "file.mp4"), "wb") as file:
        for _ in range(size // (1 << 20) + 1):
            file.write(os.urandom(1 << 20))
        file.truncate(size)
    with plain_lighttpd(recorder, folder) as port:
        fetch(port, "/file.mp4")
        ours, theirs = [], []
        for _ in range(FETCHES):
            ours.append(gb_per_s(fetch(recorder.port, address)[0]))
            theirs.append(gb_per_s(fetch(port, "/file.mp4")[0]))
    report.row("clips", f"{size / 1e6:.0f} MB, throughput", "GB/s", ours, theirs, "lighttpd with a plain file", at_least=0.5)


def moov_bytes(rig, path):
    head = rig.get(path, headers={"Range": "bytes=0-63"}).body
    moov = int.from_bytes(head[:4], "big")
    assert head[moov + 4:moov + 8] == b"moov", head
    return int.from_bytes(head[moov:moov + 4], "big")


def long_clips(report, fps):
    """A player has to load the whole moov before it shows anything. It had 20 bytes per frame of a camera in 1.0."""
    settings = {"clips": {"cache": "no"}, "retention": {"hours": 0, "max_gb": 1000, "min_free_gb": 0}}
    with Rig(settings) as rig:
        _, end = make_archive(rig.recordings, 36, fps=fps, size="1280x720", jitter_us=JITTER_US)
        rig.start_web()
        for seconds, (name, at_most) in LENGTHS.items():
            address = f"/footage?from={end - seconds}&to={end}"
            fetch(rig.port, address)
            got = fetch(rig.port, address, FETCHES)
            report.row("clips", f"{name} at {fps} fps, until the first byte", "ms", [one["first_ms"] for one in got], at_most=at_most)
            report.row("clips", f"{name} at {fps} fps, header", "MB", [moov_bytes(rig, address) / 1e6], [20 * fps * seconds / 1e6],
                       "20 bytes per frame")
            report.row("clips", f"{name} at {fps} fps, throughput", "GB/s", [gb_per_s(one) for one in got])


def moving_clip(report, fps):
    """Only the seconds of a day in which something moved: about one in twelve, in 300 parts."""
    settings = {"clips": {"cache": "no"}, "retention": {"hours": 0, "max_gb": 1000, "min_free_gb": 0}}
    with Rig(settings) as rig:
        begin, end = make_archive(rig.recordings, 144, fps=fps, jitter_us=JITTER_US)
        make_motion(rig.recordings, (), "-r", "7")
        rig.start_web()
        for name, path in (("clip", "footage"), ("playlist", "playlist.m3u8")):
            address = f"/{path}?from={begin}&to={end}&only=motion"
            fetch(rig.port, address)
            got = fetch(rig.port, address, FETCHES)
            report.row("clips", f"only=motion of 24 h at {fps} fps, {name}, until the first byte", "ms", [one["first_ms"] for one in got],
                       at_most=50 if path == "footage" else None)


def run(report, _rounds, _parts):
    settings = {"record": {"segment_seconds": 600, "quality": 4, "preset": "ultrafast"}, "clips": {"cache": "no"}}
    with Recorder(recording=True, settings=settings) as recorder:
        time.sleep(LONG_S + 4)
        first_byte(report, recorder)
        throughput(report, recorder)
    for fps in (30, 60):
        long_clips(report, fps)
        moving_clip(report, fps)
