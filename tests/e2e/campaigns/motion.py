#!/usr/bin/env python3
"""Leaves recorder-motion alone, kills it every second, and stops it again and again, while frames are recorded: motion.py [SECONDS of each]"""
import contextlib
import os
import signal
import sys
import time

from arguments import amount
from support.exact import assert_exact, just_after, second_after
from support.rig import Rig
from support.tap import show_logs
from support.times import PATIENCE_S, wait_for

NAME = "recorder-motion"


def disturb(rig, sent, seconds):
    """Sends a signal to the recorder-motion of the moment, once a second. Returns how often."""
    count, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        for pid in rig.children(NAME):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sent)
                count += 1
        time.sleep(1)
    return count


def records(rig):
    return rig.get("/camera_info").json()["motion"]["records"]


def campaign(seconds):
    with Rig({"camera": {"fps": 60}, "motion": {"enabled": "yes"}, "memory": {"max_mb": 256}}, fps="60") as rig:
        rig.start()
        try:
            wait_for(lambda: records(rig) > 0, PATIENCE_S, "a record comes")
            for sent, done in ((0, "left alone"), (signal.SIGKILL, "killed"), (signal.SIGSTOP, "stopped")):
                first_us, before, lost = second_after(rig.camera.newest()), records(rig), rig.get("/camera_info").json()["lost"]
                count = disturb(rig, sent, seconds)
                end_us = just_after(rig.camera.newest())
                rig.indexed()
                clip = assert_exact(rig, first_us, end_us)
                left = records(rig) - before
                wait_for(lambda: rig.get("/camera_info").json()["motion"]["state"] == "running", PATIENCE_S, "it works again")
                missed = rig.get("/camera_info").json()["lost"] - lost
                print(f"{done} {count} times in {seconds} s: {len(clip)} frames of {end_us - first_us} us recorded, {missed} lost; {left} records")
        except AssertionError:
            show_logs(rig)
            raise


if __name__ == "__main__":
    sys.exit(campaign(amount(60)))
