#!/usr/bin/env python3
"""Footage that is on no disk: exact frames from the memory, a limited number of encodings at once, and a memory of the size that was set."""
import contextlib
import os
import signal
import socket
import struct
import sys
import threading

from support.exact import assert_exact, assert_numbers, second_after
from support.faulty_rig import assert_same
from support.next_encoder import NextEncoder
from support.rig import Rig
from support.tap import run_tests
from support.times import PATIENCE_S, US, wait_for
from test_http import OTHERS

MIB = 1 << 20
WINDOW = 900  # frames
SETTINGS = {"record": {"enabled": "no"}, "clips": {"cache": "no"}}


def runs(pid):
    """Whether a process runs, wherever it is in the tree of processes; a zombie does not."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    return False


def memory_span(rig):
    """The newest whole seconds in the memory, enough to keep FFmpeg busy for some time."""
    wait_for(lambda: len(rig.camera.frames()) >= WINDOW, WINDOW / 30 + 60, f"{WINDOW} frames")
    frames = rig.camera.frames()[-WINDOW:]
    return -(-frames[0].wall_us // US) * US, frames[-1].wall_us // US * US


class Request(threading.Thread):
    """A request for a clip, whose FFmpeg is stopped."""

    def __init__(self, rig, from_us, to_us):
        super().__init__(daemon=True)
        self.rig, self.path, self.answer = rig, f"/footage?from={from_us // US}&to={to_us // US}", None
        encoder = NextEncoder(rig)
        self.start()
        self.encoder = encoder.pid()

    def run(self):
        self.answer = self.rig.get(self.path, timeout=60)

    def finish(self):
        os.kill(self.encoder, signal.SIGCONT)
        self.join(60)
        return self.answer


def assert_busy(answer):
    assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0, (answer.status, answer.body)
    assert "max_transcodes" in answer.detail, answer.detail


def test_unrecorded_footage_comes_exactly_from_the_memory(rig):
    from_us, to_us = memory_span(rig)
    assert_exact(rig, from_us, to_us)
    answer = rig.footage(from_us, to_us)
    assert answer.headers["X-Clip-Source"] == "memory", answer.headers["X-Clip-Source"]
    assert answer.headers["Cache-Control"] == "no-cache, no-transform", "it must not be final, because neither the memory nor the cache keeps it"
    assert rig.get("/recordings").json() == []


def test_another_site_has_no_clip_encoded(rig):
    """It does not wait for its turn either: it is refused before."""
    request = Request(rig, *memory_span(rig))
    for headers in OTHERS:
        for span in (rig.footage(*memory_span(rig), headers), rig.get("/footage?from=-5s&to=now", "HEAD", headers)):
            assert span.status == 403, (headers, span.status)
    assert request.finish().status == 200
    answer = rig.footage(*memory_span(rig), OTHERS[0])
    assert answer.status == 403 and "http.allow_origin" in answer.detail, (answer.status, answer.body)


def test_one_clip_is_encoded_at_a_time_and_others_get_a_503(rig):
    request = Request(rig, *memory_span(rig))
    assert_busy(rig.footage(*memory_span(rig)))
    assert rig.get("/camera_info").status == rig.get("/snapshot").status == 200, "other requests wait for it"
    assert request.finish().status == 200
    assert rig.footage(*memory_span(rig)).status == 200


def test_its_ffmpeg_has_a_lower_priority_than_the_recorder(rig):
    request = Request(rig, *memory_span(rig))
    nice = os.getpriority(os.PRIO_PROCESS, request.encoder)
    assert request.finish().status == 200
    assert nice >= min(19, os.getpriority(os.PRIO_PROCESS, rig.recorderd.pid) + 10), nice


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def accepted(client, port):
    """Whether a program has accepted a connection: until then the kernel lists the server's end without an inode."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in list(table)[1:]]
    ends = f":{port:04X}", f":{client.getsockname()[1]:04X}"
    return any(row[1].endswith(ends[0]) and row[2].endswith(ends[1]) and row[9] != "0" for row in rows)


def ask(rig, text, at_once):
    """A client whose request is there when the server accepts the connection, or comes later."""
    client = socket.socket()
    client.settimeout(60)
    with stopped(rig.web.pid) if at_once else contextlib.nullcontext():
        client.connect(("127.0.0.1", rig.port))
        if at_once:
            client.sendall(text)
    if not at_once:
        wait_for(lambda: accepted(client, rig.port), 60, "the server accepts the connection")
        client.sendall(text)
    return client


def assert_leaves(rig, at_once, reset):
    """A client leaves while its FFmpeg is stopped, and FFmpeg is ended."""
    from_us, to_us = memory_span(rig)
    next_encoder = NextEncoder(rig)
    client = ask(rig, f"GET /footage?from={from_us // US}&to={to_us // US} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), at_once)
    encoder = next_encoder.pid()
    try:
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        wait_for(lambda: not runs(encoder), 60, "FFmpeg is gone")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(encoder, signal.SIGCONT)
    wait_for(lambda: rig.footage(from_us, to_us).status == 200, 60, "another clip can be encoded")


def test_a_client_that_leaves_ends_its_ffmpeg(rig):
    assert_leaves(rig, at_once=False, reset=False)
    assert_leaves(rig, at_once=False, reset=True)


def test_a_client_that_lighttpd_does_not_watch_ends_its_ffmpeg_too(rig):
    """If the request is there before lighttpd accepts the connection, lighttpd does not look at the connection until it sends something."""
    assert_leaves(rig, at_once=True, reset=False)
    assert_leaves(rig, at_once=True, reset=True)


def test_as_many_clips_are_encoded_at_once_as_are_allowed(rig):
    rig.stop_web()
    rig.write_ini({**SETTINGS, "http": {"max_transcodes": 2}})
    rig.start_web()
    requests = [Request(rig, *memory_span(rig)) for _ in range(2)]
    assert_busy(rig.footage(*memory_span(rig)))
    assert_same([request.finish().status for request in requests], [200, 200])


def test_a_clip_has_frames_that_were_overwritten_while_it_was_encoded(_):
    settings = {**SETTINGS, "memory": {"minutes": 5, "max_mb": 4}, "clips": {"cache": "yes"}}  # 4 MiB are fewer than 600 frames
    with Rig(settings, fps="120") as rig:
        rig.start_recorderd()
        rig.start_web()
        wait_for(lambda: len(rig.camera.frames()) > 560, PATIENCE_S, "the memory is nearly full")
        frames = rig.camera.frames()[-440:]
        from_us, to_us = second_after(frames[0]), frames[-1].wall_us // US * US
        request = Request(rig, from_us, to_us)
        rig.new_frames(660)
        assert_same(rig.footage(from_us, from_us + US).status, 404)
        answer = request.finish()
        assert answer.status == 200, (answer.status, answer.body)
        assert_numbers([number for _, number in rig.frames_of(answer.body)], rig.camera.frames(), from_us, to_us, 9000)
        assert answer.headers["X-Clip-Spans"].count("/") == 1 and "max-age" in answer.headers["Cache-Control"], answer.headers
        wait_for(lambda: rig.footage(from_us, to_us).body == answer.body, PATIENCE_S, "it is cached")


def published(rig, count):
    """/camera_info once it counts that many frames, else None."""
    info = rig.get("/camera_info").json()
    return info if info.get("frames", 0) >= count else None


def memory_of(settings, fps, full):
    """What /camera_info reports about a memory of that size once it is full."""
    with Rig({**SETTINGS, "memory": settings}, fps=str(fps)) as rig:
        rig.start_recorderd()
        rig.start_web()
        wait_for(lambda: len(rig.camera.frames()) > full, full / fps + 60, "the memory is full")
        memory = wait_for(lambda: published(rig, full), 60, "/camera_info has caught up")["memory"]
        frames = rig.camera.frames()
        oldest = rig.footage(frames[0].wall_us // US * US, frames[0].wall_us // US * US + US)
        assert oldest.status == 404, "a clip has frames that are no longer in the memory"
    return memory, max(later.mono_us - earlier.mono_us for earlier, later in zip(frames, frames[1:])) / US


def test_minutes_limit_the_memory(_):
    memory, longest_pause_s = memory_of({"minutes": 0.1, "max_mb": 64}, 30, 300)
    assert memory["bytes"] == 64 * MIB, memory
    assert 6 - longest_pause_s - 0.1 <= memory["seconds"] <= 6, (memory, longest_pause_s)
    assert memory["frames"] <= 181, memory


def test_bytes_limit_the_memory(_):
    memory, _ = memory_of({"minutes": 30, "max_mb": 2}, 60, 500)
    assert memory["bytes"] == 2 * MIB, memory
    assert 0.9 * 2 * MIB <= memory["frames"] * 7000 <= 1.1 * 2 * MIB, memory
    assert memory["seconds"] < 10, memory


if __name__ == "__main__":
    with Rig(SETTINGS, fps="60") as own:
        own.start_recorderd()
        own.start_web()
        status = run_tests(globals(), own)
    sys.exit(status)
