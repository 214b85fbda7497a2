"""Cameras behind v4l2loopback: JPEGs stay as they were sent, uncompressed pictures keep their colours."""
import contextlib
import re
import shutil
import struct
import subprocess

from colours import BARS, wait_for_bars
from station import PATIENCE_S
from support.camera import FRAMES
from support.tap import comment
from support.times import wait_for

SILENCE_S = 1.0  # a camera is opened again after 2 s without frames, so shorter stalls of the machine do not cause that
CLOCK_CALLS = ("clock_gettime", "gettimeofday")  # system calls in an emulator, not on a real machine


def sent_jpegs(count):
    """The first JPEGs of a file of frames (tests/tools/frames.h)."""
    with open(FRAMES, "rb") as file:
        file.seek(24)
        places = list(struct.iter_unpack("=QQ", file.read(16 * count)))
        jpegs = []
        for offset, length in places:
            file.seek(offset)
            jpegs.append(file.read(length))
    return jpegs


def feed(station, name, *arguments):
    """Starts to feed a device; returns when it began."""
    began = station.watch.now()
    ffmpeg = ["ffmpeg", "-nostdin", "-v", "error", "-re", *arguments]
    station.feeders.append(station.spawn(ffmpeg, f"feeder-{name}.log", station.environment))
    return began


def assert_heard(station, names, began):
    """Each frame has woken the recorder. Must be the last assertion of a case."""
    stalled = [name for name in names if "opened again" in station.log(f"{name}.log")]
    station.watch.holds_unless_starved(not stalled, began, SILENCE_S, f"frames arrived that did not wake the recorder: {stalled}")


def node(station, name):
    return f"/dev/video{station.loopback[name]}"


def test_an_output_device_is_not_taken_for_a_camera(station):
    """The nodes of v4l2loopback are outputs until they are fed."""
    for name in station.loopback:
        station.start_recorder(name)
    station.wait_info("mjpg", lambda info: "does not capture video" in info.get("last_error", ""), "refuses an output node")
    assert station.health("mjpg")[0] == 503


def test_a_jpeg_is_byte_for_byte_what_the_camera_sent(station):
    jpegs = sent_jpegs(50)
    with open(station.path("sent.mjpeg"), "wb") as stream:
        stream.write(b"".join(jpegs))
    began = feed(station, "mjpg", "-stream_loop", "-1", "-f", "mjpeg", "-framerate", "5", "-i", station.path("sent.mjpeg"),
                 "-c", "copy", "-f", "v4l2", node(station, "mjpg"))
    info = station.wait_streaming("mjpg")
    assert (info["format"], info["current_camera"]) == ("MJPG", station.loopback["mjpg"]), info
    seen = set()

    def five_pictures():
        jpeg = station.snapshot("mjpg")
        assert jpeg in jpegs, f"a JPEG of {len(jpeg)} bytes that was never sent"
        seen.add(jpeg)
        return len(seen) >= 5
    wait_for(five_pictures, PATIENCE_S, "five different pictures")
    station.jpegs = jpegs
    assert_heard(station, ["mjpg"], began)


# What a child has sent, and that a thread of the recorder is told of it: strace -y names the descriptor's file.
FROM_A_CHILD = re.compile(r"^read\(\d+<(?:pipe|socket):.*\n(?:(?:futex\(\w+, FUTEX_WAKE_PRIVATE|clock_gettime|gettimeofday).*\n)*", re.M)


def frame_calls(trace):
    """The system calls of each round of the recorder's loop in which it took a frame, from strace's output."""
    rounds = re.split(r"^(?=epoll_wait)", FROM_A_CHILD.sub("", trace), flags=re.M)[1:-1]
    named = [re.findall(r"^(\w+)\((?:\d+(?:<[^>]*>)?, (VIDIOC_\w+))?", one, re.M) for one in rounds if "VIDIOC_DQBUF" in one]
    return [[request or name for name, request in one if name not in CLOCK_CALLS] for one in named]


def system_calls(process, frames, path):
    """The same of a process, for that many frames."""
    with subprocess.Popen(["strace", "-y", "-p", str(process.pid), "-o", path], stderr=subprocess.DEVNULL) as strace:
        def traced():
            with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8", errors="replace") as lines:
                return lines.read()
            return ""
        wait_for(lambda: traced().count("VIDIOC_DQBUF") >= frames, PATIENCE_S, f"{frames} frames under strace")
        strace.terminate()
    return frame_calls(traced())


def test_a_frame_costs_at_most_6_system_calls(station):
    """
    From the driver to the ring and into the encoder's pipe. What FFmpeg and recorder-motion have sent meanwhile does not count: on a busy
    machine it is read in the rounds of most frames, and a frame does not cost more for that. Timers are part of some rounds only.
    """
    if not shutil.which("strace"):
        comment("strace is missing (deploy/install-packages test installs it): not counted")
        return
    station.wait_info("mjpg", lambda info: info["recording"]["frames"] > 5, "it records")
    rounds = system_calls(station.recorders["mjpg"], 12, station.path("mjpg.strace"))
    whole = [one for one in rounds if {"VIDIOC_DQBUF", "futex", "writev", "VIDIOC_QBUF"} <= set(one)]
    assert len(whole) >= 3, rounds
    few = sorted(whole, key=len)[len(whole) // 4]
    comment(f"{len(rounds)} frames, {len(few)} calls for a quarter of them: {', '.join(few)}")
    assert len(few) <= 6, rounds


def test_half_a_jpeg_is_refused(station):
    """The frames in between, from FFmpeg, are whole."""
    before, half = station.wait_streaming("mjpg"), station.jpegs[0][:3000]
    with open(node(station, "mjpg"), "wb", buffering=0) as camera:
        def refused():
            camera.write(half)
            return station.wait_known("mjpg")["damaged"] >= before["damaged"] + 3
        wait_for(refused, PATIENCE_S, "damaged frames are counted")
    assert half not in (station.snapshot("mjpg") for _ in range(5))
    station.wait_more("mjpg", 5)
    station.stop_recorder("mjpg")


def test_uyvy_nv12_and_yu12_keep_their_colours(station):
    outputs = [part for name, pixels in (("uyvy", "uyvy422"), ("nv12", "nv12"), ("yu12", "yuv420p"))
               for part in ("-pix_fmt", pixels, "-f", "v4l2", node(station, name))]
    began = feed(station, "raw", "-f", "lavfi", "-i", "smptebars=s=320x180:r=5", *outputs)
    for name in ("uyvy", "nv12", "yu12"):
        info = station.wait_streaming(name)
        assert (info["format"], info["current_camera"]) == (name.upper(), station.loopback[name]), info
        wait_for_bars(station, name, BARS)
        station.stop_recorder(name)
    while station.feeders:
        station.stop_process(station.feeders.pop())
    assert_heard(station, ["uyvy", "nv12", "yu12"], began)
