#!/usr/bin/env python3
"""A final answer never changes: a range with frames that may still be indexed is not final, whatever keeps them from the disk."""
import contextlib
import os
import shutil
import signal
import sys
import urllib.parse

from support.exact import EDGE_US, assert_exact, assert_numbers, frames_within, just_after, second_after
from support.faulty_rig import COUNT, FaultyRig, assert_same
from support.tap import run_tests
from support.times import PATIENCE_S, US, time_us, wait_for

SETTINGS = {"record": {"segment_seconds": 3600}, "http": {"allow_control": "yes"}}


class Encoder:
    """The recorder's FFmpeg, which a test can make fail; that of the API does not fail."""

    def __init__(self, rig):
        self.rig, self.folder, self.broken = rig, rig.path("bin"), rig.path("encoder-is-broken")
        os.mkdir(self.folder)
        program = os.path.join(self.folder, "ffmpeg")
        with open(program, "w", encoding="utf-8") as script:
            script.write(f'#!/bin/sh\n[ -e {self.broken} ] && exit 1\nexec {shutil.which("ffmpeg")} "$@"\n')
        os.chmod(program, 0o755)
        rig.recorder_environment["PATH"] = self.folder + os.pathsep + os.environ["PATH"]

    def fail(self):
        with open(self.broken, "w", encoding="utf-8"):
            pass
        for child in self.rig.children("ffmpeg"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def heal(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.broken)


def cached(rig):
    with contextlib.suppress(FileNotFoundError):
        return os.listdir(os.path.join(rig.clips, "cache"))
    return []


def name_of(from_us, to_us):
    return f"{from_us}_{to_us}_1.mp4"


def url(from_us, to_us, page="/footage"):
    return f"{page}?from={from_us / US:.6f}&to={to_us / US:.6f}"


def named(location):
    """[from_us, to_us) of a Content-Location."""
    query = urllib.parse.parse_qs(urllib.parse.urlparse(location).query)
    return [time_us(query[key][0]) for key in ("from", "to")]


def assert_moves(rig, from_us, to_us):
    answer = rig.footage(from_us, to_us)
    assert answer.status == 200 and "memory" in answer.headers["X-Clip-Source"], (answer.status, answer.body[:300])
    assert answer.headers["Cache-Control"] == "no-cache, no-transform", dict(answer.headers)
    assert_same(named(answer.headers["Content-Location"]), [from_us, to_us])
    assert_numbers([number for _, number in rig.frames_of(answer.body)], rig.camera.frames(), from_us, to_us, COUNT)
    assert rig.footage(from_us, to_us, {"Range": "bytes=1000-"}).status == 416, "a part may not match what the client has"
    resumed = rig.footage(from_us, to_us, {"Range": "bytes=1000-", "If-Range": answer.headers["ETag"]})
    assert resumed.status in (200, 206), resumed.status
    assert resumed.body == (answer.body[1000:] if resumed.status == 206 else resumed.body)
    assert name_of(from_us, to_us) not in cached(rig)
    playlist = rig.get(url(from_us, to_us, "/playlist.m3u8"))
    assert playlist.status == 404 or b"#EXT-X-ENDLIST" not in playlist.body, playlist.body


def is_final(rig, from_us, to_us):
    answer = rig.footage(from_us, to_us)
    return answer if answer.status == 200 and "max-age" in answer.headers["Cache-Control"] else None


def assert_becomes_final(rig, from_us, to_us, given_up=0):
    """given_up: how many frames may be missing, because encoders kept dying on them."""
    answer = wait_for(lambda: is_final(rig, from_us, to_us), PATIENCE_S, "it is final")
    assert answer.headers["X-Clip-Source"] == "disk", answer.headers["X-Clip-Source"]
    if given_up:
        shown = [number for _, number in rig.frames_of(answer.body)]
        sure = [frame.number % COUNT for frame in frames_within(rig.camera.frames(), from_us + EDGE_US, to_us - EDGE_US)]
        assert shown == sorted(shown) and len(set(sure) - set(shown)) <= given_up, (shown, sure)
    else:
        assert_exact(rig, from_us, to_us)
    assert b"#EXT-X-ENDLIST" in rig.get(url(from_us, to_us, "/playlist.m3u8")).body
    assert rig.footage(from_us, to_us).body == answer.body


def second_in_memory(rig):
    """The next whole second, once it and half of the following one are over."""
    from_us = second_after(rig.camera.newest())
    wait_for(lambda: rig.camera.newest().wall_us > from_us + 3 * US // 2, PATIENCE_S, "a second that is not indexed")
    return from_us


def recorded_second(rig):
    """A second that is on the disk, and two more frames."""
    from_us = second_after(rig.camera.newest())
    wait_for(lambda: rig.newest_indexed_us() > from_us + US + US // 10, PATIENCE_S, "a second is recorded")
    return from_us


def test_frames_that_wait_for_a_broken_encoder_are_not_final(rig):
    before_us = recorded_second(rig)
    rig.encoder.fail()
    try:
        from_us = second_in_memory(rig)
        for to_us in (from_us + US, from_us + 1234567, from_us + 1234568):
            assert_moves(rig, from_us, to_us)
        assert_moves(rig, before_us, from_us + US)
        assert is_final(rig, before_us, before_us + US), "what is on the disk is final nevertheless"
        lapse = rig.get(url(before_us, from_us + US) + "&speed=2")
        assert lapse.status == 200 and lapse.headers["Cache-Control"] == "no-cache, no-transform", dict(lapse.headers)
    finally:
        rig.encoder.heal()
    for first_us in (from_us, before_us):
        assert_becomes_final(rig, first_us, from_us + US, given_up=3)


def test_frames_that_wait_for_a_hanging_disk_are_not_final(rig):
    rig.disk.hangs()
    try:
        from_us = second_in_memory(rig)
        assert_moves(rig, from_us, from_us + US)
    finally:
        rig.disk.hangs(False)
    assert_becomes_final(rig, from_us, from_us + US)


def test_what_the_next_recorder_will_encode_is_not_final(rig):
    before_us = recorded_second(rig)
    rig.encoder.fail()
    from_us = second_in_memory(rig)
    rig.stop_recorderd(signal.SIGKILL)
    rig.encoder.heal()
    for _ in range(2):
        assert_moves(rig, from_us, from_us + US)
    assert is_final(rig, before_us, before_us + US), "what is on the disk is final nevertheless"
    rig.start_recorderd()
    assert_becomes_final(rig, from_us, from_us + US)


def test_what_is_never_indexed_is_final(rig):
    assert rig.get("/control?recording=off", method="POST").status == 200
    from_us = second_in_memory(rig)
    answer = wait_for(lambda: is_final(rig, from_us, from_us + US), PATIENCE_S, "it is final")
    assert answer.headers["X-Clip-Source"] == "memory", answer.headers["X-Clip-Source"]
    wait_for(lambda: name_of(from_us, from_us + US) in cached(rig), PATIENCE_S, "it is cached, because the memory does not keep it")
    assert rig.get("/control?recording=on", method="POST").status == 200
    assert rig.footage(from_us, from_us + US).body == answer.body


def test_a_range_that_the_camera_has_not_filled_yet_is_not_final(rig):
    from_us = recorded_second(rig)
    rig.camera.fault("stall")
    wait_for(lambda: rig.get("/camera_info").json()["state"] != "streaming", PATIENCE_S, "the stall is noticed")
    last = rig.camera.newest()
    wait_for(lambda: rig.newest_indexed_us() > last.wall_us + US // 100, PATIENCE_S, "the frames before the stall are recorded")
    answer = rig.footage(from_us, just_after(last) + US // 2)
    rig.camera.fault("stall", 0)
    assert answer.status == 200 and answer.headers["X-Clip-Source"] == "disk", (answer.status, dict(answer.headers))
    assert answer.headers["Cache-Control"] == "no-cache, no-transform", dict(answer.headers)


def restore(rig):
    rig.encoder.heal()
    rig.restore()


if __name__ == "__main__":
    with FaultyRig(SETTINGS) as own:
        own.encoder = Encoder(own)
        own.start()
        status = run_tests(globals(), own, restore)
    sys.exit(status)
