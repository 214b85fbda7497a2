#!/usr/bin/env python3
"""Killed, unplugged, damaged: what was recorded stays whole, what is missing is a gap with its cause, and recording goes on."""
import os
import signal
import subprocess

from comings import started
from exact import EDGE_US, assert_exact, difference, frames_within, whole_seconds
from rig import US, main, wait_for, wall_us

COUNT = 9000


def new_frames(rig, count):
    """Waits until so many more frames were taken."""
    before = len(rig.camera.frames())
    wait_for(lambda: len(rig.camera.frames()) >= before + count, count / 30 + 15, f"{count} more frames")


def recorded_again(rig):
    """Waits until a frame that is taken from now on is indexed."""
    since_us = wall_us()

    def indexed():
        spans = rig.get(f"/timeline?from={since_us / US:.6f}&to=now")
        return spans.status == 200 and b"span" in spans.body and rig.footage(since_us + US, wall_us()).status == 200
    wait_for(indexed, 20, "recording goes on")


def clip_numbers(rig, from_us, to_us):
    return [number for _, number in rig.clip(from_us, to_us)]


def gaps(rig, from_us, to_us):
    return rig.get(f"/timeline?from={from_us / US:.6f}&to={to_us / US:.6f}").json()["gaps"]


def taken_numbers(rig, from_us, to_us):
    return [frame.number % COUNT for frame in frames_within(rig.camera.frames(), from_us, to_us)]


def assert_same(shown, wanted):
    assert shown == wanted, difference(shown, wanted)


def test_a_killed_recorder_loses_nothing_that_it_had_indexed(rig):
    new_frames(rig, 90)
    first_us = whole_seconds(rig.camera.frames())[0]
    killed_us = wall_us()
    rig.stop_recorderd(signal.SIGKILL)
    rig.start_recorderd()
    recorded_again(rig)
    shown = clip_numbers(rig, first_us, killed_us)
    wanted = taken_numbers(rig, first_us, killed_us)
    assert shown == wanted[:len(shown)], "frames in the middle are missing"
    assert len(wanted) - len(shown) <= 30, f"{len(wanted) - len(shown)} frames of the last instant are lost"
    assert any(gap["cause"] == "recorder down" for gap in gaps(rig, first_us, wall_us())), gaps(rig, first_us, wall_us())


def test_its_segment_was_repaired_to_a_plain_mp4(rig):
    closed = [one for one in rig.get("/recordings").json() if one["state"] == "complete"]
    assert closed
    for one in closed:
        done = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets,nb_frames", "-of",
                               "csv=p=0", os.path.join(rig.recordings, one["file"])], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == f"{one['frames']},{one['frames']}" and not done.stderr, (one, done)


def test_a_clip_across_the_gap_has_both_sides(rig):
    frames = rig.camera.frames()
    first_us, end_us = whole_seconds(frames, US)
    numbers = clip_numbers(rig, first_us, end_us)
    assert numbers == sorted(set(numbers)), "each frame once, in order"
    assert numbers[0] in taken_numbers(rig, first_us, first_us + 100000)
    assert numbers[-1] in taken_numbers(rig, end_us - 100000, end_us)


def test_a_killed_encoder_costs_no_frame(rig):
    new_frames(rig, 60)
    first_us = whole_seconds(rig.camera.frames()[-45:])[0]
    for encoder in rig.children("ffmpeg"):
        os.kill(encoder, signal.SIGKILL)
    new_frames(rig, 120)
    recorded_again(rig)
    end_us = first_us + 4 * US
    shown, wanted = clip_numbers(rig, first_us, end_us), taken_numbers(rig, first_us, end_us)
    assert_same(shown, wanted)


def test_an_unplugged_camera_is_a_gap_with_that_cause_and_comes_back(rig):
    new_frames(rig, 45)
    first_us = whole_seconds(rig.camera.frames()[-60:])[0]
    rig.camera.fault("unplugged")
    wait_for(lambda: rig.get("/health").status == 503, 10, "/health says it")
    assert rig.get("/camera_info").json()["state"] == "waiting"
    last_us = rig.camera.frames()[-1].wall_us
    rig.camera.fault("unplugged", 0)
    new_frames(rig, 60)
    recorded_again(rig)
    wait_for(lambda: rig.get("/health").status == 200, 5, "/health is well")
    end_us = last_us + EDGE_US
    assert_same(clip_numbers(rig, first_us, end_us), taken_numbers(rig, first_us, end_us))
    found = [gap for gap in gaps(rig, first_us, wall_us()) if gap["cause"] == "unplugged"]
    assert len(found) == 1, found


def test_a_silent_camera_is_opened_again(rig):
    streams = rig.camera.counter("streams")
    rig.camera.fault("stall")
    wait_for(lambda: rig.camera.counter("streams") > streams, 15, "it is opened again")
    rig.camera.fault("stall", 0)
    new_frames(rig, 60)
    recorded_again(rig)
    assert any(gap["cause"] == "stalled" for gap in gaps(rig, wall_us() - 30 * US, wall_us()))


def test_damaged_frames_are_counted_and_never_recorded(rig):
    new_frames(rig, 30)
    before = rig.get("/camera_info").json()
    first_us = whole_seconds(rig.camera.frames()[-1:])[0]
    for fault in ("error_next", "truncate_next", "zero_next", "garbage_next", "empty_next"):
        rig.camera.fault(fault, 3)
        wait_for(lambda name=fault: rig.camera.fault_left(name) == 0, 5, f"{fault} has happened")
    rig.camera.fault("skip_next", 4)
    new_frames(rig, 75)
    end_us = whole_seconds(rig.camera.frames(), US)[1]
    recorded_again(rig)
    after = rig.get("/camera_info").json()
    assert after["lost"] - before["lost"] == 4, (before, after)
    assert_same(clip_numbers(rig, first_us, end_us), taken_numbers(rig, first_us, end_us))


def test_padding_behind_a_frame_changes_nothing(rig):
    rig.camera.fault("pad_bytes", 5000)
    new_frames(rig, 100)
    first_us, end_us = whole_seconds(rig.camera.frames()[-95:])
    rig.camera.fault("pad_bytes", 0)
    recorded_again(rig)
    assert_exact(rig, first_us, end_us)


def test_what_the_encoder_still_has_to_come_to_is_not_final(rig):
    """What is sent from the memory meanwhile is right, but not the bytes that the disk will have for that range."""
    encoder, = rig.children("ffmpeg")
    os.kill(encoder, signal.SIGSTOP)
    try:
        from_us = (rig.camera.frames()[-1].wall_us // US + 1) * US
        wait_for(lambda: rig.camera.frames()[-1].wall_us > from_us + 4 * US, 20, "some seconds that are not encoded")
        early = rig.footage(from_us, from_us + US)
    finally:
        os.kill(encoder, signal.SIGCONT)
    assert early.status == 200 and early.headers["X-Clip-Source"] == "memory", (early.status, early.headers)
    assert early.headers["Cache-Control"] == "no-cache" and early.headers["Content-Location"], early.headers
    wait_for(lambda: "private" in rig.footage(from_us, from_us + US).headers["Cache-Control"], 20, "it is final")
    assert rig.footage(from_us, from_us + US).headers["X-Clip-Source"] == "disk"
    assert_exact(rig, from_us, from_us + US)


def test_recordings_that_cannot_be_read_are_not_said_to_be_none(rig):
    last_us = rig.camera.frames()[-1].wall_us
    wait_for(lambda: gaps(rig, last_us - 2 * US, last_us) is not None, 10, "it is recorded")
    before, past = rig.get("/recordings").json(), (last_us - 60 * US) // US
    rig.stop_recorderd()
    with open(os.path.join(rig.recordings, "recording_index.bin"), "wb") as file:
        file.write(b"damaged")
    for path in ("/recordings", f"/timeline?from={past}&to=now", f"/footage?from={past}&to=now", f"/snapshot?at={past}",
                 f"/playlist.m3u8?from={past}&to={past + 60}"):
        answer = rig.get(path)
        assert answer.status == 503 and "damaged" in answer.detail, (path, answer.status, answer.body[:300])
    rig.start_recorderd()
    wait_for(lambda: rig.get("/recordings").status == 200 and len(rig.get("/recordings").json()) > len(before), 20, "the list is there")
    assert [one["file"] for one in rig.get("/recordings").json()][1:] == [one["file"] for one in before]


def test_a_killed_program_behind_the_web_server_is_started_again(rig):
    """The web server starts nothing where the socket still takes connections: a request meets it at that very moment."""
    for name, path, status in (("recorder-api", "/health", 200), ("recorder-live", "/stream?fps=none", 400)) * 2:
        killed = started(rig, name)[0]
        os.kill(killed, signal.SIGKILL)
        rig.get(path)
        wait_for(lambda name=name, killed=killed: started(rig, name)[:1] not in ([], [killed]), 15, f"{name} runs again")
        wait_for(lambda path=path, status=status: rig.get(path).status == status, 10, f"{path} is answered")


def test_every_descriptor_of_an_unplugged_camera_is_closed(rig):
    def still_open():
        return rig.camera.counter("opens") - rig.camera.counter("closes")
    before = still_open()
    for _ in range(5):
        rig.camera.fault("unplugged")
        wait_for(lambda: still_open() == before - 1, 5, "it is closed")
        rig.camera.fault("unplugged", 0)
        new_frames(rig, 5)
    wait_for(lambda: still_open() == before, 5, "one descriptor is open")


if __name__ == "__main__":
    main(globals())
