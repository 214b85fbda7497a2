#!/usr/bin/env python3
"""Two recorders side by side, two cameras: what happens to one is nothing to the other, and neither takes the other's camera."""
import contextlib
import os
import shutil
import signal
import sys
import time

from rig import US, Rig, program, run_tests, wait_for, wall_us

PATIENCE_S = 20
LOOKING_S = 3  # a recorder without a camera looks for one every 2 s


class Pair(Rig):
    """`left` and `right`, from one folder of .ini files. Of whatever cameras there are, unless settings say which."""

    INI = {
        "camera": {"fallback": "any", "width": 320, "height": 180, "fps": 30},
        "record": {"preset": "ultrafast"},
        "retention": {"min_free_gb": 0},
        "memory": {"minutes": 5, "max_mb": 24},
    }

    def __init__(self, **devices):
        """devices: left="/dev/video0"; auto by default."""
        super().__init__(cameras=2)
        os.unlink(self.ini)
        self.inis, self.recorders = self.path("cameras"), {}
        os.mkdir(self.inis)
        self.names = {side: f"{self.name}-{side}" for side in ("left", "right")}
        for side, name in self.names.items():
            self.name, self.ini = name, os.path.join(self.inis, side + ".ini")
            device = devices.get(side, "auto")
            self.write_ini({"camera": {"device": device}})
        self.cameras[1].line += " link=/dev/v4l/by-id/right"

    def start_pair(self):
        with open(self.path("camera.conf"), "w", encoding="utf-8") as conf:
            conf.write("".join(camera.line + "\n" for camera in self.cameras))
        for side in self.names:
            self.start_side(side)
        self.start_web(self.inis)
        for side in self.names:
            self.wait_streaming(side)

    def start_side(self, side):
        environment = dict(self.environment, CAMERA_PRELOAD=self.path("camera.conf"), LD_PRELOAD=self.preloaded())
        command = [program("recorderd"), "-c", self.inis, "-n", self.names[side]]
        self.recorders[side] = self.spawn(command, side + ".log", environment)

    def __exit__(self, *_):
        self.stop()
        for process in self.recorders.values():
            self.stop_process(process)
        for name in self.names.values():
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"/dev/shm/recorder.{name}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def info(self, side):
        answer = self.get(f"/camera_info?camera={self.names[side]}")
        return answer.json() if answer.status == 200 else {"state": "none"}

    def wait_streaming(self, side):
        wait_for(lambda: self.info(side)["state"] == "streaming", PATIENCE_S, f"{side} streams: {self.info(side)}")
        return self.info(side)

    def wait_waiting(self, side):
        wait_for(lambda: self.info(side)["state"] == "waiting", PATIENCE_S, f"{side} waits: {self.info(side)}")

    def folder_of(self, side):
        return os.path.join(self.inis, "recordings", self.names[side])

    def of(self, side):
        """The camera that serves there."""
        return self.cameras[self.info(side)["current_camera"]]

    def timeline(self, side, since_us):
        return self.get(f"/timeline?camera={self.names[side]}&from={since_us / US:.6f}&to=now").json()


def test_two_recorders_that_take_any_camera_have_one_each():
    with Pair() as pair:
        pair.start_pair()
        assert pair.of("left") is not pair.of("right")
        wait_for(lambda: all(os.listdir(pair.folder_of(side)) for side in pair.names), PATIENCE_S, "each records into its folder")
        for name in pair.names.values():
            listed = wait_for(lambda of=name: pair.get(f"/recordings?camera={of}").json(), PATIENCE_S, f"segments of {name}")
            assert {one["camera"] for one in listed} == {name}, listed
        assert pair.info("left")["available_cameras"] == [0, 1] == pair.info("right")["available_cameras"]


def test_while_one_of_them_fails_the_other_loses_nothing():
    with Pair() as pair:
        pair.start_pair()
        since_us, failing, before = wall_us() + 2 * US, pair.of("left"), pair.info("right")
        wait_for(lambda: wall_us() > since_us, 5, "some frames")
        for fault, value in (("error_next", 5), ("qbuf_errno", 5), ("stall", 1), ("unplugged", 1)):
            failing.fault(fault, value)
            wait_for(lambda: pair.info("left")["state"] != "streaming" or not failing.fault_left("error_next"), PATIENCE_S, fault)
            failing.fault(fault, 0)
            pair.wait_streaming("left")
        pair.recorders["left"].kill()
        time.sleep(1)
        pair.start_side("left")
        pair.wait_streaming("left")
        after, timeline = pair.info("right"), pair.timeline("right", since_us)
        assert (after["lost"], after["damaged"]) == (before["lost"], before["damaged"]) == (0, 0), after
        assert after["frames"] > before["frames"] and timeline["gaps"] == [] and len(timeline["spans"]) == 1, timeline
        assert pair.of("right").counter("missed") == 0


def assert_left_takes_nothing(pair, right, before_it_returns=lambda: None):
    """Left's camera is away; right's comes back while its recorder is kept from taking it."""
    left = pair.of("left")
    left.fault("unplugged")
    pair.wait_waiting("left")
    right.fault("unplugged")
    pair.wait_waiting("right")
    pair.recorders["right"].send_signal(signal.SIGSTOP)
    before_it_returns()
    streams = right.counter("streams")
    right.fault("unplugged", 0)
    time.sleep(LOOKING_S)
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
        pair.start_pair()
        assert_left_takes_nothing(pair, pair.of("right"))


def test_a_camera_whose_link_is_late_is_not_taken_for_anybody_s():
    """udev makes /dev/v4l/by-id/… some time after the node."""
    with Pair(left="/dev/video0", right="/dev/v4l/by-id/right") as pair:
        pair.start_pair()
        assert_left_takes_nothing(pair, pair.cameras[1], lambda: pair.cameras[1].fault("links_late"))


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
