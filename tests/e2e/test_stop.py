#!/usr/bin/env python3
"""recorderd stops in time while a driver or the disk hangs, and writes what can be written."""
import os
import signal
import subprocess
import tempfile
import time

from support import BUILD
from support.faulty_rig import FaultyRig
from support.rig import Rig
from support.tap import run_tests
from support.times import wait_for

STOP_S = 12  # recorderd's own limit; make run allows 15, systemd 30
SLACK_S = 8  # for a machine under load


def stop(rig):
    """The exit status, and how long it took."""
    began = time.monotonic()
    process, rig.recorderd = rig.recorderd, None
    status = rig.stop_process(process, signal.SIGTERM, STOP_S + SLACK_S)
    return status, time.monotonic() - began


def test_a_hanging_driver_does_not_block_a_stop():
    with Rig() as rig:
        rig.start()
        before = len(rig.camera.frames())
        wait_for(lambda: len(rig.camera.frames()) > before + 30, 60, "some frames")
        rig.camera.fault("hang")
        rig.camera.fault("unplugged")
        wait_for(lambda: rig.camera.counter("opens") == rig.camera.counter("closes"), 60, "the camera is closed")
        rig.camera.fault("unplugged", 0)
        wait_for(lambda: rig.camera.counter("opens") > rig.camera.counter("closes"), 60, "the camera is being opened")
        status, took_s = stop(rig)
        assert status == 0, (status, took_s, rig.log())
        assert "hangs in its driver" in rig.log(), rig.log()
        assert not os.path.exists(f"/dev/shm/recorder.{rig.name}"), "the ring was not removed"
        rig.camera.fault("hang", 0)
        complete = [one["state"] for one in rig.get("/recordings").json()]
        assert complete and set(complete) == {"complete"}, complete


def queued_bytes(rig):
    return next(int(line.split()[1]) for line in rig.get("/metrics").body.decode().splitlines() if line.startswith("recorder_disk_queue_bytes"))


def test_a_hanging_disk_with_a_full_queue_does_not_block_a_stop():
    with tempfile.TemporaryDirectory(prefix="recorder-frames.") as scratch:
        frames = os.path.join(scratch, "large.frames")
        subprocess.run([os.path.join(BUILD, "tests", "tools", "make_frames"), "-s", "320x180", "-b", "120000", "-n", "100", frames], check=True)
        with FaultyRig(settings={"record": {"codec": "mjpeg"}}, frames=frames) as rig:
            rig.start()
            rig.disk.hangs()
            wait_for(lambda: queued_bytes(rig) > 12 << 20, 60, "the queue is full")
            status, took_s = stop(rig)
            assert status == 1, (status, took_s, rig.log())
            assert "the last frames could not be written" in rig.log(), rig.log()


if __name__ == "__main__":
    raise SystemExit(run_tests(globals()))
