#!/usr/bin/env python3
"""Two recorders and two cameras: what happens to one does not affect the other, and neither takes the other's camera."""
import os
import signal
import sys
import time

from support.several import PATIENCE_S, Several
from support.starved import assert_none_missed
from support.tap import run_tests
from support.times import US, wait_for

LOOKING_S = 3  # a recorder without a camera looks for one every 2 s


class Pair(Several):
    """`left` and `right`, with any camera unless the settings name one."""

    def __init__(self, fps="30", **devices):
        """devices: left="/dev/video0"; auto by default."""
        super().__init__(("left", "right"), {side: {"camera": {"device": device}} for side, device in devices.items()}, fps)
        self.cameras[1].line += " link=/dev/v4l/by-id/right"

    def wait_waiting(self, side):
        return self.wait_state(side, "waiting")

    def of(self, side):
        """The camera that a recorder uses."""
        return self.cameras[self.info(side)["current_camera"]]

    def timeline(self, side, since_us):
        return self.get(f"/timeline?camera={self.names[side]}&from={since_us / US:.6f}&to=now").json()


def test_two_recorders_that_take_any_camera_have_one_each():
    with Pair() as pair:
        pair.start()
        assert pair.of("left") is not pair.of("right")
        wait_for(lambda: all(os.listdir(pair.folder_of(side)) for side in pair.names), PATIENCE_S, "each recorder records into its folder")
        for name in pair.names.values():
            listed = wait_for(lambda of=name: pair.get(f"/recordings?camera={of}").json(), PATIENCE_S, f"segments of {name}")
            assert {one["camera"] for one in listed} == {name}, listed
        assert pair.info("left")["available_cameras"] == [0, 1] == pair.info("right")["available_cameras"]


def test_while_one_of_them_fails_the_other_loses_nothing():
    with Pair() as pair:
        pair.start()
        failing, spared = pair.of("left"), pair.of("right")
        new_frames(spared, 30)
        since_us, before = spared.frames()[-1].wall_us, pair.info("right")
        failing.fault("error_next", 5)
        wait_for(lambda: not failing.fault_left("error_next"), PATIENCE_S, "the bad frames have passed")
        for fault, value in (("qbuf_errno", 5), ("stall", 1), ("unplugged", 1)):
            failing.fault(fault, value)
            wait_for(lambda: pair.info("left")["state"] != "streaming", PATIENCE_S, f"{fault} is noticed")
            failing.fault(fault, 0)
            pair.wait_streaming("left")
        pair.recorders["left"].kill()
        pair.recorders["left"].wait()
        new_frames(spared, 30)
        streams = failing.counter("streams")
        pair.start_one("left")
        wait_for(lambda: failing.counter("streams") > streams, PATIENCE_S, "the new recorder has its camera")
        pair.wait_streaming("left")
        new_frames(spared, 30)
        after, timeline = pair.info("right"), pair.timeline("right", since_us)
        assert (before["damaged"], after["damaged"]) == (0, 0), after
        assert after["frames"] > before["frames"] and timeline["gaps"] == [] and len(timeline["spans"]) == 1, timeline
        assert after["lost"] <= spared.counter("missed"), after
        assert_none_missed(spared, pair.delays)


def test_a_camera_beside_another_on_its_bus_is_opened_in_a_lower_mode():
    """The bus starts the stream of the second camera, and then delivers nothing of it, or pieces."""
    with Pair(fps="30,15", left="/dev/video0", right="/dev/video1") as pair:
        for number, camera in enumerate(pair.cameras):
            camera.line += f" bus=usb-0000:00:14.0-{number + 1} name=Webcam-{number}"
        starved = pair.cameras[1]
        starved.fault("silent_kpixels", 1000)  # 320x180 at 30: 1728; at 15: 864
        pair.start()
        for fault in ("silent_kpixels", "torn_kpixels"):
            wait_for(lambda: pair.info("right").get("fps") == 15 and pair.info("right")["state"] == "streaming", PATIENCE_S, f"right after {fault}")
            health = pair.get(f"/health?camera={pair.names['right']}").json()
            assert any("usb-0000:00:14.0 cannot carry 320x180 at 30 fps" in one and "Webcam-0 (/dev/video0)" in one for one in health["warnings"]), health
            assert pair.info("left")["fps"] == 30, pair.info("left")
            starved.fault("silent_kpixels", 0)
            starved.fault("torn_kpixels", 1000)
            starved.fault("unplugged")
            pair.wait_waiting("right")
            starved.fault("unplugged", 0)


def new_frames(camera, count):
    before = len(camera.frames())
    wait_for(lambda: len(camera.frames()) >= before + count, PATIENCE_S + count / 10, f"{count} more frames")


def assert_left_takes_nothing(pair, right, before_it_returns=lambda: None):
    """Left's camera is gone. Right's comes back while its recorder is stopped: left must not take it."""
    left = pair.of("left")
    left.fault("unplugged")
    pair.wait_waiting("left")
    right.fault("unplugged")
    pair.wait_waiting("right")
    pair.recorders["right"].send_signal(signal.SIGSTOP)
    before_it_returns()
    streams = right.counter("streams")
    right.fault("unplugged", 0)
    time.sleep(LOOKING_S)  # the subject: in this time left looks for a camera, and must find none
    assert pair.info("left")["state"] == "waiting" and right.counter("streams") == streams, pair.info("left")
    assert "free camera" in pair.info("left")["last_error"], pair.info("left")
    pair.recorders["right"].send_signal(signal.SIGCONT)
    right.fault("links_late", 0)
    pair.wait_streaming("right")
    left.fault("unplugged", 0)
    pair.wait_streaming("left")
    assert (pair.of("left"), pair.of("right")) == (left, right)


def test_a_camera_that_is_plugged_in_again_goes_back_to_the_recorder_that_had_it():
    with Pair() as pair:
        pair.start()
        assert_left_takes_nothing(pair, pair.of("right"))


def test_a_camera_whose_link_is_late_is_not_opened_by_another_recorder():
    """udev makes /dev/v4l/by-id/… some time after the node."""
    with Pair(left="/dev/video0", right="/dev/v4l/by-id/right") as pair:
        pair.start()
        assert_left_takes_nothing(pair, pair.cameras[1], lambda: pair.cameras[1].fault("links_late"))


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
