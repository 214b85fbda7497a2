#!/usr/bin/env python3
"""What a camera and its driver may do wrong: the recorder keeps running, counts what is lost, and names the cause."""
import errno
import os
import re
import subprocess
import tempfile
import time

from support import BUILD
from support.camera import FRAMES
from support.exact import assert_exact, assert_numbers, just_after, second_after
from support.live_video import live_video, read_from
from support.tap import main
from support.times import PATIENCE_S, US, wait_for

RATES = "30,15"


def made_frames(folder, *options):
    path = os.path.join(folder, "other.frames")
    subprocess.run([os.path.join(BUILD, "tests", "tools", "make_frames"), *options, path], check=True)
    return path


def info(rig):
    return rig.get("/camera_info").json()


def next_second(rig):
    """From when on a case asks for gaps. The API widens a range to its whole second, which must not reach back into the previous case."""
    at_us = second_after(rig.camera.newest())
    wait_for(lambda: rig.camera.newest().wall_us > at_us, PATIENCE_S, "a frame of the next second")
    return at_us


def reasons(rig):
    answer = rig.get("/health")
    return answer.status, " ".join(answer.json()["reasons"] + answer.json()["warnings"])


def causes(rig, since_us):
    return [gap["cause"] for gap in rig.get(f"/timeline?from={since_us / US:.6f}&to=now").json()["gaps"]]


def assert_healthy(rig, since_us, wanted):
    """Frames arrive and are recorded, /health has no complaint, and these are the gaps since then."""
    rig.new_frames(20)
    wait_for(lambda: rig.is_ok(), PATIENCE_S, "/health has no complaint")
    wait_for(lambda: causes(rig, since_us) == wanted, PATIENCE_S, f"gaps {wanted}, got {causes(rig, since_us)}")


def usual(rig):
    """Restores the usual state, including the camera's mode."""
    rig.restore()
    if info(rig)["resolution"]["width"] != 320 or info(rig)["fps"] != 30:
        replug(rig)
        wait_for(lambda: info(rig)["resolution"]["width"] == 320 and info(rig)["fps"] == 30, PATIENCE_S, "the camera's usual mode")
        wait_for(rig.is_healthy, PATIENCE_S, "the recorder is in its usual state")


def lost(rig):
    """How many frames the recorder counts as lost, without those that it was too late for."""
    return info(rig)["lost"] - rig.camera.counter("missed")


def replug(rig):
    rig.camera.fault("unplugged")
    wait_for(lambda: rig.camera.counter("opens") == rig.camera.counter("closes"), PATIENCE_S, "the camera is closed")
    rig.camera.fault("unplugged", 0)


def assert_refused_until_healed(rig, fault, sentence):
    """After a replug the driver refuses a call of the set-up: /health reports it, and the recorder tries until it works."""
    since_us = next_second(rig)
    rig.camera.fault(fault, errno.EIO)
    replug(rig)
    wait_for(lambda: sentence in info(rig).get("last_error", ""), PATIENCE_S, f"{sentence}: {info(rig)}")
    wait_for(lambda: reasons(rig)[0] == 503, PATIENCE_S, "/health reports it")
    wait_for(lambda: info(rig)["state"] == "waiting", PATIENCE_S, "the camera is waited for")
    opens = rig.camera.counter("opens")
    wait_for(lambda: rig.camera.counter("opens") > opens + 1, PATIENCE_S, "it is tried again and again")
    rig.camera.fault(fault, 0)
    assert_healthy(rig, since_us, ["unplugged"])


def test_buffers_that_the_driver_refuses(rig):
    assert_refused_until_healed(rig, "reqbufs_errno", "VIDIOC_REQBUFS failed")


def test_a_stream_that_does_not_start(rig):
    assert_refused_until_healed(rig, "streamon_errno", "VIDIOC_STREAMON failed")


def test_buffers_that_cannot_be_queued_again(rig):
    """While the camera streams, and also when it is opened again."""
    since_us = next_second(rig)
    rig.camera.fault("qbuf_errno", errno.EIO)
    wait_for(lambda: "cannot map and queue buffer 0" in info(rig).get("last_error", ""), PATIENCE_S, f"the error is published: {info(rig)}")
    wait_for(lambda: reasons(rig)[0] == 503, PATIENCE_S, "/health reports it")
    rig.camera.fault("qbuf_errno", 0)
    assert_healthy(rig, since_us, ["unplugged"])


def test_a_fatal_error_while_it_streams(rig):
    since_us = next_second(rig)
    rig.camera.fault("dqbuf_errno", errno.EPROTO)
    wait_for(lambda: "VIDIOC_DQBUF failed" in info(rig).get("last_error", ""), PATIENCE_S, "the error is published")
    rig.camera.fault("dqbuf_errno", 0)
    assert_healthy(rig, since_us, ["stalled"])


def test_a_camera_that_never_delivers_is_tried_less_and_less_often(rig):
    since_us, logged = next_second(rig), len(rig.log())
    rig.camera.fault("dqbuf_errno", errno.EIO)
    wait_for(lambda: "VIDIOC_DQBUF failed" in info(rig).get("last_error", ""), PATIENCE_S, "the error is published")
    began, streams = time.monotonic(), rig.camera.counter("streams")
    time.sleep(4)  # the subject is how often it is tried in this time
    tried, passed = rig.camera.counter("streams") - streams, time.monotonic() - began
    assert tried <= 2 * passed, f"{tried} times within {passed:.1f} s"
    wait_for(lambda: reasons(rig)[0] == 503 and "waiting" in reasons(rig)[1], PATIENCE_S, f"/health reports it: {reasons(rig)}")
    streams = rig.camera.counter("streams")
    wait_for(lambda: rig.camera.counter("streams") > streams, PATIENCE_S, "it is tried again and again")
    assert rig.log()[logged:].count("VIDIOC_DQBUF failed: Input/output error") <= 2, "it is logged when it begins"
    rig.camera.fault("dqbuf_errno", 0)
    assert_healthy(rig, since_us, ["unplugged"])


def test_without_usb_bandwidth_the_rate_is_lowered_first_and_then_the_size(rig):
    since_us = next_second(rig)
    rig.camera.fault("room_kpixels", 1000)  # 320x180 at 30: 1728; at 15: 864; 160x90 at 30: 432
    replug(rig)
    wait_for(lambda: info(rig)["fps"] == 15, PATIENCE_S, "fewer frames")
    assert info(rig)["resolution"] == {"width": 320, "height": 180}, info(rig)
    rig.new_frames(20)
    wait_for(lambda: causes(rig, since_us) == ["unplugged"], PATIENCE_S, f"gaps: {causes(rig, since_us)}")
    rig.camera.fault("room_kpixels", 500)
    replug(rig)
    wait_for(lambda: info(rig)["resolution"] == {"width": 160, "height": 90}, PATIENCE_S, "smaller ones")
    assert info(rig)["fps"] == 30, info(rig)
    wait_for(lambda: "cannot carry 320x180 at 30 fps from this camera; it records 160x90 at 30 fps" in reasons(rig)[1], PATIENCE_S, f"{reasons(rig)}")
    rig.new_frames(20)
    rig.camera.fault("room_kpixels", 10)
    replug(rig)
    wait_for(lambda: "not enough USB bandwidth, even for its smallest size and rate" in info(rig)["last_error"], PATIENCE_S, "the error is published")
    rig.camera.fault("room_kpixels", 0)
    wait_for(lambda: info(rig)["resolution"]["width"] == 320, PATIENCE_S, "the full size is back")
    assert_healthy(rig, since_us, ["unplugged"] * 3)


def test_other_errnos_of_a_bus_without_room_lower_the_mode_too(rig):
    """What host controllers and drivers say instead of ENOSPC."""
    rig.camera.fault("room_kpixels", 1000)
    for number in (errno.EMSGSIZE, errno.EIO, errno.EPROTO, errno.ENOMEM):
        rig.camera.fault("room_errno", number)
        replug(rig)
        wait_for(lambda: info(rig)["fps"] == 15 and info(rig)["state"] == "streaming", PATIENCE_S, f"fewer frames after {os.strerror(number)}")
        assert "cannot carry 320x180 at 30 fps" in reasons(rig)[1], reasons(rig)
        rig.camera.fault("room_kpixels", 0)
        replug(rig)
        wait_for(lambda: info(rig)["fps"] == 30 and info(rig)["state"] == "streaming", PATIENCE_S, "all of it again")
        rig.camera.fault("room_kpixels", 1000)


def test_a_camera_that_comes_back_with_another_size(rig):
    since_us = next_second(rig)
    with live_video(rig) as viewer:
        read_from(viewer, since_us)  # it may begin with frames from before the last time that the camera was opened
        parts = len(viewer.parts)
        rig.camera.fault("unplugged")
        wait_for(lambda: rig.camera.counter("opens") == rig.camera.counter("closes"), PATIENCE_S, "the camera is closed")
        rig.camera.fault("resize", 1)
        rig.camera.fault("unplugged", 0)
        wait_for(lambda: info(rig)["resolution"] == {"width": 160, "height": 90}, PATIENCE_S, f"its size is published: {info(rig)}")
        assert "sends 160x90 although it agreed to 320x180" in rig.log()
        read_from(viewer, rig.camera.newest().wall_us)
        rig.camera.fault("resize", 0)
        assert_healthy(rig, since_us, ["unplugged", "format"])
        assert info(rig)["resolution"]["width"] == 320
        read_from(viewer, rig.camera.newest().wall_us)
    numbers = viewer.numbers()
    assert len(viewer.parts) == parts + 2, (len(viewer.parts), parts)
    assert -1 not in numbers and numbers == sorted(set(numbers)), numbers


def test_frames_of_20_mb_and_noise_are_refused_and_no_other_is_missing(rig):
    rig.camera.fault("buffer_mb", 20)
    replug(rig)
    rig.new_frames(40)
    since_us, damaged = next_second(rig), info(rig)["damaged"]
    for fault in ("huge_next", "garbage_next", "truncate_next", "zero_next", "header_next"):
        rig.camera.fault(fault, 3)
        wait_for(lambda name=fault: rig.camera.fault_left(name) == 0, PATIENCE_S, f"{fault} has happened")
    wait_for(lambda: info(rig)["damaged"] == damaged + 15, PATIENCE_S, f"fifteen are refused: {info(rig)}")
    assert "dropped a frame" in rig.log()
    rig.new_frames(40)
    end_us = just_after(rig.camera.newest())
    rig.camera.fault("buffer_mb", 0)
    replug(rig)
    rig.new_frames(20)
    rig.indexed()
    assert_numbers([number for _, number in rig.clip(since_us, end_us)], rig.camera.frames(), since_us, end_us, 9000)


def test_pictures_without_an_end_and_with_bytes_around_them_are_recorded(rig):
    """As many cheap cameras send them: half of them without FF D9, all of them with something before and after."""
    since_us, damaged = next_second(rig), info(rig)["damaged"]
    for fault, value in (("no_end", 2), ("lead_bytes", 7), ("pad_bytes", 300), ("pad_value", 0x55)):
        rig.camera.fault(fault, value)
    rig.new_frames(10)
    first_us = second_after(rig.camera.newest())
    rig.new_frames(45)
    end_us = just_after(rig.camera.newest())
    pictures = [rig.get("/snapshot").body for _ in range(3)]
    assert all(picture[:3] == b"\xff\xd8\xff" and picture[-2:] == b"\xff\xd9" for picture in pictures), pictures
    rig.indexed()
    assert_exact(rig, first_us, end_us)
    assert info(rig)["damaged"] == damaged, info(rig)
    assert_healthy(rig, since_us, [])


def test_many_broken_frames_are_a_warning_that_ends(rig):
    """With their share, what is wrong with them, and what to do; the others are recorded meanwhile."""
    damaged = re.compile("([0-9]+) % of the frames from the camera are damaged and dropped, most of them truncated. Use another cable")
    rig.camera.fault("truncate_of_8", 6)
    wait_for(lambda: damaged.search(reasons(rig)[1]), PATIENCE_S, f"a warning: {reasons(rig)}")
    wait_for(lambda: 70 <= int(damaged.search(reasons(rig)[1])[1]) <= 80, PATIENCE_S, f"their share: {reasons(rig)}")
    assert reasons(rig)[0] == 200 and "camera.format = yuyv" in reasons(rig)[1], reasons(rig)
    rig.camera.fault("truncate_of_8", 8)
    wait_for(lambda: reasons(rig)[0] == 503, PATIENCE_S, "nothing is recorded of broken frames alone")
    assert damaged.search(reasons(rig)[1]), reasons(rig)
    rig.camera.fault("truncate_of_8", 0)
    replug(rig)
    rig.new_frames(20)
    wait_for(lambda: rig.is_ok(), PATIENCE_S, "the warning ends with another cable")


def test_sequence_numbers_and_time_stamps_that_wrap(rig):
    rig.camera.fault("sequence_from", (1 << 32) - 30)
    rig.camera.fault("stamp_modulo_ms", 1000)
    replug(rig)
    rig.new_frames(10)
    since_us, before = next_second(rig), lost(rig)
    rig.new_frames(60)
    assert rig.camera.frames()[-1].sequence < 1000, "the sequence has wrapped"
    assert lost(rig) == before, info(rig)
    assert 10 < info(rig)["measured_fps"] < 60, "impossible timestamps are replaced by the time of arrival"
    rig.camera.fault("skip_next", 3)
    wait_for(lambda: lost(rig) == before + 3, PATIENCE_S, "lost frames are still counted")
    assert_healthy(rig, since_us, [])
    for fault in ("sequence_from", "stamp_modulo_ms"):
        rig.camera.fault(fault, 0)
    replug(rig)
    rig.new_frames(5)
    first_us = second_after(rig.camera.newest())
    rig.new_frames(55)
    end_us = just_after(rig.camera.newest())
    rig.indexed()
    assert_exact(rig, first_us, end_us)


def test_time_stamps_that_stand_still_or_run_backwards(rig):
    """The time of arrival takes their place: the first seconds of such a stream are in the archive like any others."""
    for fault in (1, 2):
        rig.camera.fault("stamp_stuck", fault)
        replug(rig)
        rig.new_frames(10)
        first_us = second_after(rig.camera.newest())
        rig.new_frames(50)
        rig.indexed()
        numbers = [number for _, number in rig.clip(first_us, first_us + US)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) and 25 <= len(numbers) <= 35, numbers
    assert "timestamps do not advance with the clock" in rig.log(), rig.log()
    rig.camera.fault("stamp_stuck", 0)
    replug(rig)
    rig.new_frames(10)


def test_a_camera_that_delivers_fewer_frames_than_agreed_is_explained(rig):
    """Times come from the frames' own stamps, and the control that allows longer exposures is named."""
    since_us = next_second(rig)
    rig.camera.fault("slow", 3)
    assert rig.get("/control?control=exposure_dynamic_framerate&value=1", "POST", body="").status == 200
    slow = wait_for(lambda: info(rig).get("slow"), PATIENCE_S, "the rate is explained")
    assert "instead of 30.0 frames per second: in the dark, exposure_dynamic_framerate lets it expose" in slow, slow
    rig.new_frames(5)
    first_us = second_after(rig.camera.newest())
    rig.new_frames(25)
    end_us = just_after(rig.camera.newest())
    rig.indexed()
    assert_exact(rig, first_us, end_us)
    rig.camera.fault("slow", 0)
    rig.get("/control?control=exposure_dynamic_framerate&value=0", "POST", body="")
    wait_for(lambda: not info(rig).get("slow"), PATIENCE_S, "the explanation is gone")
    assert_healthy(rig, since_us, [])


def control(rig, name):
    return next((one for one in info(rig).get("controls") or [] if one["name"] == name), {})


def test_controls_that_need_another_one_are_set_and_kept(rig):
    """The .ini has focus_absolute before the automatic focus is switched off, without which it is refused."""
    rig.camera.fault("values_reset_ms", 500)
    replug(rig)
    rig.new_frames(20)  # the camera has set its controls back by then
    wait_for(lambda: control(rig, "focus_absolute").get("value") == 30, PATIENCE_S, f"it is set again: {control(rig, 'focus_absolute')}")
    assert "inactive" not in control(rig, "focus_absolute"), control(rig, "focus_absolute")
    wait_for(lambda: rig.is_ok(), PATIENCE_S, "nothing to warn of")


def test_controls_that_do_not_hold_are_named(rig):
    rig.camera.fault("values_reset_ms", 1)
    rig.camera.fault("values_stuck")
    replug(rig)
    wait_for(lambda: "does not keep all [controls]: focus_absolute = 30 has no effect: another control overrides it; focus_automatic_continuous is 1 "
             "instead of 0" in reasons(rig)[1], PATIENCE_S, f"the reason is given: {reasons(rig)}")
    assert control(rig, "focus_automatic_continuous")["value"] == 1


def test_a_control_that_the_camera_changes_by_itself_is_shown(rig):
    rig.camera.fault("values_reset_ms", 4000)
    replug(rig)
    wait_for(lambda: control(rig, "focus_absolute").get("value") == 30, PATIENCE_S, "as it is set")
    wait_for(lambda: control(rig, "focus_absolute").get("value") == 0, PATIENCE_S, "as the camera has changed it")


def test_a_camera_with_a_frame_in_3_seconds_is_recorded_in_one_piece(rig):
    """30 frames a second were agreed, after which 2 s without one are a stall."""
    rig.camera.fault("slow", 90)
    replug(rig)
    rig.new_frames(1)
    since_us = second_after(rig.camera.newest())
    rig.new_frames(5)
    note = "frames per second were negotiated"
    wait_for(lambda: rig.get("/health").status == 200 and note in reasons(rig)[1], PATIENCE_S, f"health says so: {reasons(rig)}")
    end_us = just_after(rig.camera.newest())
    rig.new_frames(1)
    streams = rig.camera.counter("streams")
    assert_exact(rig, since_us, end_us)
    assert causes(rig, since_us) == [], "one segment"
    assert rig.log().count(note) == 1, "one warning"
    rig.camera.fault("slow", 0)
    rig.new_frames(40)
    wait_for(lambda: note not in reasons(rig)[1], PATIENCE_S, "it is not slow any more")
    assert rig.camera.counter("streams") == streams, "it was never opened again"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="recorder-frames.") as scratch:
        other = made_frames(scratch, "-s", "160x90", "-b", "3000", "-n", "9000")
        controls = {"focus_absolute": 30, "focus_automatic_continuous": 0}
        settings = {"http": {"allow_control": "yes"}, "controls": controls}
        main(globals(), before=usual, settings=settings, fps=RATES, frames=f"{FRAMES},{other}")
