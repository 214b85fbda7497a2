#!/usr/bin/env python3
"""Frames that are whole JPEGs, but that FFmpeg cannot decode: only they are lost, wherever they are, and clips stay exact."""
import json
import os
import re
import subprocess

from support import BUILD
from support.exact import EDGE_US, assert_exact, second_after
from support.rig import Rig
from support.tap import main
from support.times import PATIENCE_S, US, wait_for

ALL = 1 << 31  # of the camera's frames, for longer than any test
SETTINGS = {"http": {"allow_control": "yes"}, "record": {"segment_seconds": 3600}}


def unrecorded(rig):
    return int(re.search(r"^recorder_frames_unrecorded_total\{[^}]*\} (\d+)", rig.get("/metrics").body.decode(), re.M)[1])


def broken(rig):
    return len(rig.camera.frames("broken"))


def replug(rig, bad):
    """Replugs the camera, which comes back with `bad` undecodable frames. Returns the first good one."""
    rig.camera.fault("unplugged")
    wait_for(lambda: rig.camera.counter("opens") == rig.camera.counter("closes"), PATIENCE_S, "the camera is closed")
    before = len(rig.camera.frames())
    rig.camera.fault("undecodable_next", bad)
    rig.camera.fault("unplugged", 0)
    wait_for(lambda: len(rig.camera.frames()) > before, PATIENCE_S, "frames arrive again")
    return rig.camera.frames()[before]


def seconds(rig, from_us, count=2):
    """[from_us, to_us) of whole seconds, once they are recorded."""
    wait_for(lambda: rig.camera.newest().wall_us > from_us + count * US, PATIENCE_S, f"{count} seconds")
    rig.indexed()
    return from_us, from_us + count * US


def key_frames(rig, answer):
    """Presentation times of the key frames of a clip, in microseconds."""
    with open(rig.path("keys.mp4"), "wb") as file:
        file.write(answer.body)
    probed = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time,flags", "-of", "json",
                             rig.path("keys.mp4")], capture_output=True, check=True).stdout
    return [float(one["pts_time"]) * US for one in json.loads(probed)["packets"] if "K" in one["flags"]]


def assert_key_frames(rig, from_us, to_us):
    """The key frames are exactly the first picture of each second."""
    answer = rig.footage(from_us, to_us)
    frames = [frame for frame in rig.camera.frames() if from_us - EDGE_US <= frame.wall_us < to_us + EDGE_US]
    start_us = float(answer.headers["X-Clip-Start"]) * US
    keys = [start_us + pts_us for pts_us in key_frames(rig, answer)]
    assert len(keys) == (to_us - from_us) // US, (len(keys), from_us, to_us)
    for number, key_us in enumerate(keys):
        second_us = from_us + number * US
        firsts = [next(frame.wall_us for frame in frames if frame.wall_us >= second_us + edge_us) for edge_us in (-EDGE_US, EDGE_US)]
        assert any(abs(key_us - first_us) <= EDGE_US for first_us in firsts), f"key frame {number} is {(key_us - firsts[0]) / US:.3f} s off"


def assert_whole(rig, from_us, to_us):
    assert_exact(rig, from_us, to_us)
    assert_key_frames(rig, from_us, to_us)


def assert_first_frames_cost_only_themselves(rig, bad):
    lost = unrecorded(rig)
    first = replug(rig, bad)
    from_us, to_us = seconds(rig, second_after(first))
    assert_whole(rig, from_us, to_us)
    shown = {number for _, number in rig.clip(first.wall_us // US * US, to_us)}
    wanted = {frame.number % 9000 for frame in rig.camera.frames() if first.wall_us <= frame.wall_us < to_us - EDGE_US}
    assert wanted <= shown, f"{len(wanted - shown)} of the first pictures are missing"
    wait_for(lambda: unrecorded(rig) == lost + bad, PATIENCE_S, f"{bad} frames are counted as not recorded: {unrecorded(rig) - lost}")


def test_one_undecodable_first_frame(rig):
    assert_first_frames_cost_only_themselves(rig, 1)


def test_more_than_a_second_of_undecodable_first_frames(rig):
    assert_first_frames_cost_only_themselves(rig, 40)


def test_undecodable_first_frames_of_each_second(rig):
    rig.camera.fault("undecodable_first", 2)
    from_us, to_us = seconds(rig, second_after(rig.camera.newest()))
    rig.camera.fault("undecodable_first", 0)
    assert_whole(rig, from_us, to_us)


def test_last_frames_that_are_undecodable(rig):
    lost, restarts = unrecorded(rig), len(rig.log())
    from_us = second_after(rig.camera.newest())
    wait_for(lambda: rig.camera.newest().wall_us > from_us + US, PATIENCE_S, "a second")
    before = broken(rig)
    rig.camera.fault("undecodable_next", ALL)
    wait_for(lambda: broken(rig) >= before + 20, PATIENCE_S, "twenty undecodable frames")
    last_us = rig.camera.newest().wall_us
    first = replug(rig, 0)
    bad = broken(rig) - before
    assert_whole(rig, *seconds(rig, second_after(first)))
    assert_exact(rig, from_us, last_us // US * US)
    wait_for(lambda: unrecorded(rig) == lost + bad, PATIENCE_S, f"{bad} frames are counted as not recorded: {unrecorded(rig) - lost}")
    assert "restarting it" not in rig.log()[restarts:], rig.log()[restarts:]


def test_a_clip_from_memory_whose_seconds_begin_with_undecodable_frames(rig):
    assert rig.get("/control?recording=off", method="POST").status == 200
    rig.camera.fault("undecodable_first", 1)
    from_us = second_after(rig.camera.newest()) + US
    wait_for(lambda: rig.camera.newest().wall_us > from_us + 2 * US, PATIENCE_S, "two seconds")
    rig.camera.fault("undecodable_first", 0)
    answer = rig.footage(from_us, from_us + 2 * US)
    assert answer.headers["X-Clip-Source"] == "memory", answer.headers["X-Clip-Source"]
    assert_whole(rig, from_us, from_us + 2 * US)


def test_a_camera_whose_frames_are_all_undecodable_is_reported_and_recovers(rig):
    rig.new_frames(30)  # after what the previous case has left
    rig.indexed()
    lost, started, before = unrecorded(rig), set(rig.children("ffmpeg")), broken(rig)
    rig.camera.fault("undecodable_next", ALL)

    def complaint():
        started.update(rig.children("ffmpeg"))
        answer = rig.get("/health")
        return answer.status == 503 and "cannot decode" in " ".join(answer.json()["reasons"])
    wait_for(complaint, PATIENCE_S, "/health reports it")
    assert rig.get("/camera_info").json()["recording"]["state"] == "no pictures"
    wait_for(lambda: complaint() and broken(rig) > before + 210, PATIENCE_S, "seven seconds without a picture")
    assert len(started) <= 3, f"{len(started)} encoders"
    taken = len(rig.camera.frames())
    rig.camera.fault("undecodable_next", 0)
    rig.camera.wait_for_frames(1)
    last, first = rig.camera.frames()[taken - 1:taken + 1]
    assert_whole(rig, *seconds(rig, second_after(first)))
    bad = broken(rig) - before
    wait_for(rig.is_healthy, PATIENCE_S, "the recorder is healthy again")
    wait_for(lambda: unrecorded(rig) == lost + bad, PATIENCE_S, f"{bad} frames are counted as not recorded: {unrecorded(rig) - lost}")
    found = rig.get(f"/timeline?from={last.wall_us / US:.6f}&to={first.wall_us / US + 1:.6f}").json()["gaps"]
    assert {gap["cause"] for gap in found} == {"encoder"}, found
    nothing = rig.footage(second_after(last) + US, second_after(last) + 2 * US)
    assert nothing.status == 404, (nothing.status, nothing.headers, nothing.body[:300])
    around = rig.footage(last.wall_us // US * US, second_after(first) + US)
    assert around.headers["X-Clip-Source"] == "disk" and "max-age" in around.headers["Cache-Control"], dict(around.headers)
    assert around.headers["X-Clip-Spans"].count("/") == 2, around.headers["X-Clip-Spans"]


def test_a_scaled_snapshot_of_an_undecodable_frame_is_a_503(rig):
    rig.camera.fault("undecodable_next", ALL)
    before = broken(rig)
    wait_for(lambda: broken(rig) > before + 2, PATIENCE_S, "the newest frame is undecodable")
    broken_us = rig.camera.frames("broken")[-1].wall_us
    for asked in ("width=160", f"at={broken_us / US:.6f}&width=160"):
        answer = rig.get(f"/snapshot?{asked}")
        assert answer.status == 503 and "cannot decode" in answer.detail, (asked, answer.status, answer.body[:300])
        assert answer.headers["Retry-After"], answer.headers.items()
    rig.camera.fault("undecodable_next", 0)
    rig.new_frames(2)
    rig.camera.wait_for_frames(1)
    assert rig.get("/snapshot?width=160").status == 200


def test_a_new_picture_size_that_begins_with_undecodable_frames(_):
    with Rig(SETTINGS) as rig:
        other = rig.path("other.frames")
        subprocess.run([os.path.join(BUILD, "tests", "tools", "make_frames"), "-s", "160x90", "-b", "3000", "-n", "600", other], check=True)
        rig.camera.line = re.sub(r"(frames=\S+)", rf"\1,{other}", rig.camera.line)
        rig.camera.fault("undecodable_next", 1)  # the very first frame of all
        rig.start()
        first = rig.camera.frames()[0]
        assert_whole(rig, *seconds(rig, second_after(first), 1))
        rig.camera.fault("undecodable_next", 15)
        rig.camera.fault("resize", 1)
        wait_for(lambda: rig.camera.fault_left("undecodable_next") == 0, PATIENCE_S, "they have passed")
        from_us, to_us = seconds(rig, second_after(rig.camera.newest()), 1)
        assert_key_frames(rig, from_us, to_us)
        assert_exact(rig, from_us, to_us, 600)


if __name__ == "__main__":
    main(globals(), before=Rig.restore, settings=SETTINGS)
