#!/usr/bin/env python3
"""Killed, unplugged, damaged: what was recorded stays whole, what is missing is a gap with its cause, and recording continues."""
import contextlib
import http.client
import os
import signal
import subprocess

from support.viewer_churn import started
from support.exact import EDGE_US, assert_exact, assert_numbers, frames_within, just_after, second_after, whole_seconds
from support.rig import Rig
from support.tap import main, shared
from support.times import PATIENCE_S, US, wait_for

COUNT = 9000


def clip_numbers(rig, from_us, to_us):
    return [number for _, number in rig.clip(from_us, to_us)]


def gaps(rig, from_us, to_us):
    return rig.get(f"/timeline?from={from_us / US:.6f}&to={to_us / US:.6f}").json()["gaps"]


def taken_numbers(rig, from_us, to_us):
    return [frame.number % COUNT for frame in frames_within(rig.camera.frames(), from_us, to_us)]


def assert_whole(rig, from_us, to_us):
    """The clip of that range has every frame that was taken."""
    assert_numbers(clip_numbers(rig, from_us, to_us), rig.camera.frames(), from_us, to_us, COUNT)


class Killed:
    """A recorder that was killed and started again: footage of [from_us, to_us), with the kill at at_us."""

    def __init__(self, rig):
        self.from_us = second_after(rig.camera.newest())
        rig.new_frames(90)
        self.file = rig.get("/recordings").json()[0]["file"]
        rig.stop_recorderd(signal.SIGKILL)
        self.at_us = just_after(rig.camera.newest())
        rig.start_recorderd()
        rig.new_frames(45)
        self.to_us = rig.camera.newest().wall_us // US * US
        rig.indexed()


killed_recorder = shared(Killed)


def test_a_killed_recorder_loses_nothing_that_it_had_indexed(rig):
    killed = killed_recorder(rig)
    shown = clip_numbers(rig, killed.from_us, killed.at_us)
    wanted = taken_numbers(rig, killed.from_us, killed.at_us)
    assert shown == wanted[:len(shown)], "frames in the middle are missing"
    assert len(wanted) - len(shown) <= 30, f"{len(wanted) - len(shown)} frames right before the kill are lost"
    found = gaps(rig, killed.from_us, killed.to_us)
    assert any(gap["cause"] == "recorder down" for gap in found), found


def test_its_segment_was_repaired_to_a_plain_mp4(rig):
    killed = killed_recorder(rig)

    def complete():
        return [one for one in rig.get("/recordings").json() if one["state"] == "complete"]
    wait_for(lambda: killed.file in [one["file"] for one in complete()], PATIENCE_S, "its segment is complete")
    for one in complete():
        done = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets,nb_frames", "-of",
                               "csv=p=0", os.path.join(rig.recordings, one["file"])], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == f"{one['frames']},{one['frames']}" and not done.stderr, (one, done)


def test_a_clip_across_the_gap_has_both_sides(rig):
    killed = killed_recorder(rig)
    numbers = clip_numbers(rig, killed.from_us, killed.to_us)
    assert numbers == sorted(set(numbers)), "each frame once, in order"
    assert numbers[0] in taken_numbers(rig, killed.from_us, killed.from_us + 100000)
    assert numbers[-1] in taken_numbers(rig, killed.to_us - 100000, killed.to_us)


def test_a_killed_encoder_costs_no_frame(rig):
    first_us = second_after(rig.camera.newest())
    rig.new_frames(60)
    for encoder in rig.children("ffmpeg"):
        os.kill(encoder, signal.SIGKILL)
    rig.new_frames(120)
    end_us = just_after(rig.camera.newest())
    rig.indexed()
    assert_whole(rig, first_us, end_us)


def test_an_unplugged_camera_is_a_gap_with_that_cause_and_comes_back(rig):
    first_us = second_after(rig.camera.newest())
    rig.new_frames(45)
    rig.camera.fault("unplugged")
    wait_for(lambda: rig.get("/health").status == 503, PATIENCE_S, "/health reports it")
    wait_for(lambda: rig.get("/camera_info").json()["state"] == "waiting", PATIENCE_S, "the recorder waits for the camera")
    last_us = rig.camera.newest().wall_us
    rig.camera.fault("unplugged", 0)
    rig.new_frames(60)
    rig.indexed()
    wait_for(lambda: rig.get("/health").status == 200, PATIENCE_S, "/health has no complaint")
    assert_whole(rig, first_us, last_us + EDGE_US)
    found = [gap for gap in gaps(rig, first_us, rig.camera.newest().wall_us) if gap["cause"] == "unplugged"]
    assert len(found) == 1, found


def test_a_silent_camera_is_opened_again(rig):
    streams, last_us = rig.camera.counter("streams"), rig.camera.newest().wall_us
    rig.camera.fault("stall")
    wait_for(lambda: rig.camera.counter("streams") > streams, PATIENCE_S, "it is opened again")
    rig.camera.fault("stall", 0)
    rig.new_frames(60)
    rig.indexed()
    found = gaps(rig, last_us, rig.camera.newest().wall_us)
    assert any(gap["cause"] == "stalled" for gap in found), found


def test_damaged_frames_are_counted_and_never_recorded(rig):
    def lost():
        return rig.get("/camera_info").json()["lost"] - rig.camera.counter("missed")
    first_us = second_after(rig.camera.newest())
    rig.new_frames(30)
    before = lost()
    for fault in ("error_next", "truncate_next", "zero_next", "garbage_next", "empty_next"):
        rig.camera.fault(fault, 3)
        wait_for(lambda name=fault: rig.camera.fault_left(name) == 0, PATIENCE_S, f"{fault} has happened")
    rig.camera.fault("skip_next", 4)
    rig.new_frames(75)
    end_us = just_after(rig.camera.newest())
    rig.indexed()
    wait_for(lambda: lost() - before >= 4, PATIENCE_S, "what is lost is counted")
    assert lost() - before == 4, (before, lost())
    assert_whole(rig, first_us, end_us)


def test_padding_after_a_frame_changes_nothing(rig):
    rig.camera.fault("pad_bytes", 5000)
    rig.new_frames(100)
    first_us, end_us = whole_seconds(rig.camera.frames()[-95:])
    rig.camera.fault("pad_bytes", 0)
    rig.indexed()
    assert_exact(rig, first_us, end_us)


def test_what_is_not_encoded_yet_is_not_final(rig):
    """Until then the clip comes from the memory. It is correct, but its bytes differ from what the disk will have for that range."""
    encoder, = wait_for(lambda: rig.children("ffmpeg"), PATIENCE_S, "there is an encoder")
    os.kill(encoder, signal.SIGSTOP)
    try:
        from_us = second_after(rig.camera.newest())
        wait_for(lambda: rig.camera.newest().wall_us > from_us + 4 * US, PATIENCE_S, "some seconds that are not encoded")
        early = rig.footage(from_us, from_us + US)
    finally:
        with contextlib.suppress(ProcessLookupError):  # the recorder kills an encoder that hangs for too long
            os.kill(encoder, signal.SIGCONT)
    assert early.status == 200 and early.headers["X-Clip-Source"] == "memory", (early.status, early.headers)
    assert early.headers["Cache-Control"] == "no-cache, no-transform" and early.headers["Content-Location"], early.headers
    wait_for(lambda: "private" in (rig.footage(from_us, from_us + US).headers["Cache-Control"] or ""), PATIENCE_S, "it is final")
    assert rig.footage(from_us, from_us + US).headers["X-Clip-Source"] == "disk"
    assert_exact(rig, from_us, from_us + US)


def test_unreadable_recordings_are_not_reported_as_none(rig):
    rig.new_frames(5)
    past = rig.camera.newest().wall_us // US - 60
    rig.stop_recorderd()
    before = [one["file"] for one in rig.get("/recordings").json()]
    assert before, "nothing was recorded"
    index = os.path.join(rig.recordings, "recording_index.bin")
    with open(index, "r+b") as file:
        file.seek(-100, os.SEEK_END)  # in the newest entry
        file.write(b"damaged")
    for path in ("/recordings", f"/timeline?from={past}&to=now", f"/footage?from={past + 60}&duration=1", "/events", "/motion/heatmap"):
        answer = rig.get(path)
        assert answer.status == 503 and "damaged" in answer.detail, (path, answer.status, answer.body[:300])
    with open(index, "wb") as file:
        file.write(b"damaged")
    for path in ("/recordings", f"/timeline?from={past}&to=now", f"/footage?from={past}&to=now", f"/snapshot?at={past}",
                 f"/playlist.m3u8?from={past}&to={past + 60}", "/events", "/motion"):
        answer = rig.get(path)
        assert answer.status == 503 and "damaged" in answer.detail, (path, answer.status, answer.body[:300])
    rig.start_recorderd()

    def listed():
        answer = rig.get("/recordings")
        return [one["file"] for one in answer.json()] if answer.status == 200 else []
    wait_for(lambda: len(listed()) > len(before), PATIENCE_S, "the list is readable")
    assert listed()[-len(before):] == before


def status_of(rig, path):
    """The status of an answer; None if the program behind the web server dies during the request."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        return rig.get(path).status
    return None


def test_a_killed_program_behind_the_web_server_is_started_again(rig):
    """The web server starts nothing while the socket still accepts connections, so a request may come at just that moment."""
    for name, path, status in (("recorder-api", "/health", 200), ("recorder-live", "/stream?fps=none", 400)) * 2:
        killed = wait_for(lambda name=name: started(rig, name), PATIENCE_S, f"{name} runs")[0]
        os.kill(killed, signal.SIGKILL)

        def again():
            status_of(rig, path)
            return started(rig, name)[:1] not in ([], [killed])
        wait_for(again, PATIENCE_S, f"{name} runs again")
        wait_for(lambda: status_of(rig, path) == status, PATIENCE_S, f"{path} is answered")


def test_every_descriptor_of_an_unplugged_camera_is_closed(rig):
    def still_open():
        return rig.camera.counter("opens") - rig.camera.counter("closes")
    before = still_open()  # a killed recorder has not closed its descriptors
    for _ in range(5):
        rig.camera.fault("unplugged")
        wait_for(lambda: still_open() == before - 1, PATIENCE_S, "the camera is closed")
        rig.camera.fault("unplugged", 0)
        rig.new_frames(5)
    wait_for(lambda: still_open() == before, PATIENCE_S, "the camera is open again")


if __name__ == "__main__":
    main(globals(), before=Rig.restore)
