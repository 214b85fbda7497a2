#!/usr/bin/env python3
"""What a camera and its driver may do wrong: the recorder runs on, counts what is lost, and says what is the matter."""
import errno
import os
import subprocess
import tempfile
import time

import rig as rigs
from exact import assert_exact, frames_within, whole_seconds
from rig import US, main, wait_for, wall_us

PATIENCE_S = 20
RATES = "30,15"


def made_frames(folder, *options):
    path = os.path.join(folder, "other.frames")
    subprocess.run([os.path.join(rigs.BUILD, "tests", "tools", "make_frames"), *options, path], check=True)
    return path


def info(rig):
    return rig.get("/camera_info").json()


def next_second():
    """Since when gaps are asked for: the API widens a range to its whole second, which must not reach back into the test before."""
    at_s = wall_us() // US + 1
    wait_for(lambda: wall_us() >= at_s * US, 2, "the next second")
    return at_s * US


def reasons(rig):
    answer = rig.get("/health")
    return answer.status, " ".join(answer.json()["reasons"] + answer.json()["warnings"])


def new_frames(rig, count):
    before = len(rig.camera.frames())
    wait_for(lambda: len(rig.camera.frames()) >= before + count, PATIENCE_S, f"{count} more frames")


def causes(rig, since_us):
    return [gap["cause"] for gap in rig.get(f"/timeline?from={since_us / US:.6f}&to=now").json()["gaps"]]


def assert_well(rig, since_us, wanted):
    """Frames come and are recorded, health has nothing to say, and these are the gaps since then."""
    new_frames(rig, 20)
    wait_for(lambda: rig.get("/health").json()["status"] == "ok", PATIENCE_S, "health has nothing to say")
    wait_for(lambda: causes(rig, since_us) == wanted, PATIENCE_S, f"gaps: {wanted}, not {causes(rig, since_us)}")


def replug(rig):
    rig.camera.fault("unplugged")
    wait_for(lambda: rig.camera.counter("opens") == rig.camera.counter("closes"), PATIENCE_S, "it is let go")
    rig.camera.fault("unplugged", 0)


def assert_refused_until_healed(rig, fault, sentence):
    """After a replug the driver refuses a call of the set-up: health says so, and it is tried until it works."""
    since_us = next_second()
    rig.camera.fault(fault, errno.EIO)
    replug(rig)
    wait_for(lambda: sentence in info(rig).get("last_error", ""), PATIENCE_S, f"{sentence}: {info(rig)}")
    wait_for(lambda: reasons(rig)[0] == 503, PATIENCE_S, "health says so")
    assert info(rig)["state"] == "waiting", info(rig)
    opens = rig.camera.counter("opens")
    wait_for(lambda: rig.camera.counter("opens") > opens + 1, PATIENCE_S, "it is tried again and again")
    rig.camera.fault(fault, 0)
    assert_well(rig, since_us, ["unplugged"])


def test_buffers_that_the_driver_refuses(rig):
    assert_refused_until_healed(rig, "reqbufs_errno", "gives no buffers")


def test_a_stream_that_does_not_start(rig):
    assert_refused_until_healed(rig, "streamon_errno", "does not start to stream")


def test_buffers_that_cannot_be_given_back(rig):
    """While it streams; and then none can be given to it when it is opened again."""
    since_us = next_second()
    rig.camera.fault("qbuf_errno", errno.EIO)
    wait_for(lambda: "buffer 0 cannot be used" in info(rig).get("last_error", ""), PATIENCE_S, f"it is told: {info(rig)}")
    wait_for(lambda: reasons(rig)[0] == 503, PATIENCE_S, "health says so")
    rig.camera.fault("qbuf_errno", 0)
    assert_well(rig, since_us, ["unplugged"])


def test_a_fatal_error_while_it_streams(rig):
    since_us = next_second()
    rig.camera.fault("dqbuf_errno", errno.EPROTO)
    wait_for(lambda: "fetching a frame" in info(rig).get("last_error", ""), PATIENCE_S, "it is told")
    rig.camera.fault("dqbuf_errno", 0)
    assert_well(rig, since_us, ["stalled"])


def test_a_camera_that_opens_and_never_delivers_is_tried_less_and_less_often(rig):
    since_us = next_second()
    rig.camera.fault("dqbuf_errno", errno.EIO)
    wait_for(lambda: "fetching a frame" in info(rig).get("last_error", ""), PATIENCE_S, "it is told")
    streams = rig.camera.counter("streams")
    time.sleep(4)
    assert rig.camera.counter("streams") - streams <= 8, f"{rig.camera.counter('streams') - streams} times within 4 s"
    wait_for(lambda: reasons(rig)[0] == 503 and "waiting" in reasons(rig)[1], PATIENCE_S, f"health says so: {reasons(rig)}")
    streams = rig.camera.counter("streams")
    wait_for(lambda: rig.camera.counter("streams") > streams, PATIENCE_S, "it is tried again and again")
    assert rig.log().count("fetching a frame: Input/output error") <= 2, "told when it begins"
    rig.camera.fault("dqbuf_errno", 0)
    assert_well(rig, since_us, ["unplugged"])


def test_a_bus_without_room_is_given_fewer_frames_and_then_smaller_ones(rig):
    since_us = next_second()
    rig.camera.fault("room_kpixels", 1000)  # 320x180 at 30: 1728; at 15: 864; 160x90 at 30: 432
    replug(rig)
    wait_for(lambda: info(rig)["fps"] == 15, PATIENCE_S, "fewer frames")
    assert info(rig)["resolution"] == {"width": 320, "height": 180}, info(rig)
    assert_well(rig, since_us, ["unplugged"])
    rig.camera.fault("room_kpixels", 500)
    replug(rig)
    wait_for(lambda: info(rig)["resolution"] == {"width": 160, "height": 90}, PATIENCE_S, "smaller ones")
    assert info(rig)["fps"] == 30, info(rig)
    assert "no room on its USB bus for 320x180 at 30 fps, trying 320x180 at 15" in rig.log(), rig.log()
    assert_well(rig, since_us, ["unplugged", "unplugged"])
    rig.camera.fault("room_kpixels", 10)
    replug(rig)
    wait_for(lambda: "finds no room on its USB bus, even at its smallest size and rate" in info(rig)["last_error"], PATIENCE_S, "says so")
    rig.camera.fault("room_kpixels", 0)
    wait_for(lambda: info(rig)["resolution"]["width"] == 320, PATIENCE_S, "all of it again")
    assert_well(rig, since_us, ["unplugged"] * 3)


def test_a_camera_that_comes_back_with_another_size(rig):
    since_us = next_second()
    rig.camera.fault("unplugged")
    wait_for(lambda: rig.camera.counter("opens") == rig.camera.counter("closes"), PATIENCE_S, "it is let go")
    rig.camera.fault("resize", 1)
    rig.camera.fault("unplugged", 0)
    wait_for(lambda: info(rig)["resolution"] == {"width": 160, "height": 90}, PATIENCE_S, f"its size is told: {info(rig)}")
    assert "sends 160x90, though it agreed to 320x180" in rig.log()
    rig.camera.fault("resize", 0)
    assert_well(rig, since_us, ["unplugged", "format"])
    assert info(rig)["resolution"]["width"] == 320


def test_frames_of_20_mb_and_noise_are_refused_and_no_other_is_missing(rig):
    rig.camera.fault("buffer_mb", 20)
    replug(rig)
    new_frames(rig, 40)
    since_us, damaged = next_second(), info(rig)["damaged"]
    for fault in ("huge_next", "garbage_next", "truncate_next", "zero_next"):
        rig.camera.fault(fault, 3)
        wait_for(lambda name=fault: rig.camera.fault_left(name) == 0, PATIENCE_S, f"{fault} has happened")
    wait_for(lambda: info(rig)["damaged"] == damaged + 12, PATIENCE_S, f"twelve are refused: {info(rig)}")
    assert "a frame was refused" in rig.log()
    new_frames(rig, 40)
    end_us = wall_us() // US * US
    rig.camera.fault("buffer_mb", 0)
    replug(rig)
    new_frames(rig, 20)
    shown = [number for _, number in rig.clip(since_us, end_us)]
    wanted = [frame.number % 9000 for frame in frames_within(rig.camera.frames(), since_us, end_us)]
    assert shown == wanted, (shown, wanted)


def test_sequence_numbers_and_time_stamps_that_wrap(rig):
    rig.camera.fault("sequence_from", (1 << 32) - 30)
    rig.camera.fault("stamp_modulo_ms", 1000)
    replug(rig)
    new_frames(rig, 10)
    since_us, lost = next_second(), info(rig)["lost"]
    new_frames(rig, 60)
    assert rig.camera.frames()[-1].sequence < 1000, "the sequence has wrapped"
    assert info(rig)["lost"] == lost, info(rig)
    assert 10 < info(rig)["measured_fps"] < 60, "stamps that cannot be are replaced by the time of arrival"
    rig.camera.fault("skip_next", 3)
    wait_for(lambda: info(rig)["lost"] == lost + 3, PATIENCE_S, "what is lost is counted all the same")
    assert_well(rig, since_us, [])
    for fault in ("sequence_from", "stamp_modulo_ms"):
        rig.camera.fault(fault, 0)
    replug(rig)
    new_frames(rig, 60)
    first_us, end_us = whole_seconds(rig.camera.frames()[-55:])
    wait_for(lambda: rig.get(f"/footage?from={first_us / US:.6f}&to={end_us / US:.6f}").status == 200, PATIENCE_S, "recorded")
    assert_exact(rig, first_us, end_us)


def test_a_camera_that_gives_fewer_frames_than_it_agreed_to_is_explained(rig):
    """Time goes by the frames' own stamps, and the control that lets it expose for longer is named."""
    since_us = next_second()
    rig.camera.fault("slow", 3)
    assert rig.get("/control?control=exposure_dynamic_framerate&value=1", "POST", body="").status == 200
    slow = wait_for(lambda: info(rig).get("slow"), PATIENCE_S, "it is explained")
    assert "of 30.0 frames a second: exposure_dynamic_framerate lets it expose" in slow, slow
    new_frames(rig, 30)
    first_us, end_us = whole_seconds(rig.camera.frames()[-25:])
    new_frames(rig, 5)
    wait_for(lambda: rig.get(f"/footage?from={first_us / US:.6f}&to={end_us / US:.6f}").status == 200, PATIENCE_S, "recorded")
    assert_exact(rig, first_us, end_us)
    rig.camera.fault("slow", 0)
    rig.get("/control?control=exposure_dynamic_framerate&value=0", "POST", body="")
    wait_for(lambda: not info(rig).get("slow"), PATIENCE_S, "nothing to explain")
    assert_well(rig, since_us, [])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="recorder-frames.") as scratch:
        other = made_frames(scratch, "-s", "160x90", "-b", "3000", "-n", "300")
        main(globals(), settings={"http": {"allow_control": "yes"}}, fps=RATES, frames=f"{rigs.FRAMES},{other}")
