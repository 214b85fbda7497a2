"""Clips: time to the first byte against `ffmpeg -c copy` of the same range, and throughput against lighttpd with a plain file."""
import contextlib
import os
import subprocess
import time
from datetime import datetime

from contestants import Recorder
from support.rig import free_port
from support.times import wait_for
from tools import fetch

PARTS = ("clips",)
FETCHES = 7
CLIP_S = 18
LONG_S = 36


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


def run(report, _rounds, _parts):
    settings = {"record": {"segment_seconds": 600, "quality": 4, "preset": "ultrafast"}, "clips": {"cache": "no"}}
    with Recorder(recording=True, settings=settings) as recorder:
        time.sleep(LONG_S + 4)
        first_byte(report, recorder)
        throughput(report, recorder)
