#!/usr/bin/env python3
"""recorder-motion as recorderd runs it: killed, stopped or lying, it costs no frame. A stand-in sends the records."""
import json
import os
import re
import signal
import subprocess
import sys

from support.exact import assert_exact, just_after, second_after
from support.false_motion import FalseMotion
from support.rig import Rig, program
from support.tap import run_tests
from support.times import PATIENCE_S, US, time_us, wait_for

NAME = "recorder-motion"
SETTINGS = {"motion": {"enabled": "yes"}, "http": {"allow_control": "yes"}}


class MotionRig(Rig):
    def __init__(self):
        super().__init__(SETTINGS)
        self.false = FalseMotion(self, "works")

    def motion(self):
        return self.get("/camera_info").json()["motion"]

    def watched(self):
        """Waits until it sends records; returns its process id."""
        before = self.motion()["records"]
        wait_for(lambda: self.motion()["records"] > before, PATIENCE_S, "a record comes")
        return self.children(NAME)[0]

    def replace(self, behaviour):
        """The child that runs now is killed; its successor behaves like that."""
        self.false.become(behaviour)
        for pid in self.children(NAME):
            os.kill(pid, signal.SIGKILL)

    def restored(self):
        self.restore()
        if self.false.behaviour != "works":
            self.replace("works")
        self.watched()

    def stored(self):
        """How many records are in the .motion files (shared/motion/motion_record.h)."""
        sizes = [os.path.getsize(os.path.join(self.recordings, name)) for name in os.listdir(self.recordings) if name.endswith(".motion")]
        return sum(size // 168 - 1 for size in sizes)

    def events(self, from_us, to_us):
        return self.get(f"/events?from={from_us // US}&to={to_us // US}&order=oldest").json()

    def warnings(self, word):
        return [sentence for sentence in self.get("/health").json()["warnings"] if word in sentence]


def assert_no_frame_is_missing(rig, first_us):
    end_us = just_after(rig.camera.newest())
    rig.indexed()
    assert_exact(rig, first_us, end_us)


def test_its_records_are_counted(rig):
    rig.watched()
    motion, newest_us = rig.motion(), rig.camera.newest().wall_us
    assert motion["state"] in ("starting", "running") and motion["restarts"] >= 0, motion
    assert time_us(motion["until"]) <= newest_us + 1000000, (motion, newest_us)
    assert motion["covered"] is motion["blurred"] is motion["view_changed"] is None, motion
    wait_for(rig.stored, PATIENCE_S, "they are stored beside the recordings")


def test_it_has_three_descriptors_and_less_priority_than_recording(rig):
    pid = rig.watched()
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        limits = file.read()
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        nice = int(file.read().rpartition(")")[2].split()[16])
    assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"]
    assert nice == 10 and re.search(r"Max file size +65536 ", limits) and re.search(r"Max open files +32 ", limits), (nice, limits)


def test_a_covered_camera_is_in_health_in_words(rig):
    rig.replace("covered")
    warning, = wait_for(lambda: rig.warnings("covered"), PATIENCE_S, "/health says so")
    assert re.search(r"The camera has been covered, or in complete darkness, since (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.$", warning), warning
    assert rig.get("/health").status == 200
    since = rig.motion()["covered"]
    assert since and time_us(since) % 1000000 == 0, since
    assert f'recorder_tampering{{camera="{rig.name}",kind="covered"}} 1\n' in rig.get("/metrics").body.decode()
    done = subprocess.run([program("recorderd"), "--status", "--json", "-c", rig.ini], capture_output=True, text=True, check=False)
    one, = json.loads(done.stdout)
    assert one["motion"]["covered"] == since and warning in one["warnings"], one
    from_us = time_us(since)
    events = wait_for(lambda: rig.events(from_us, from_us + 60 * US)["events"], PATIENCE_S, "it is an event")
    assert [event["type"] for event in events] == ["covered"] and events[0]["start"] == since, (since, events)
    rig.replace("works")
    wait_for(lambda: not rig.warnings("covered"), PATIENCE_S, "the camera is not covered any more")


def test_killed_again_and_again_it_costs_no_frame(rig):
    first_us, before = second_after(rig.camera.newest()), rig.motion()["restarts"]
    for kills in (1, 2, 3, 4):
        rig.replace("works")
        wait_for(lambda kills=kills: rig.motion()["restarts"] >= before + kills and rig.children(NAME), PATIENCE_S, "it is started again")
    assert_no_frame_is_missing(rig, first_us)


def test_a_liar_is_replaced_and_costs_no_frame(rig):
    first_us = second_after(rig.camera.newest())
    rig.replace("garbage")
    said = "Nobody watches what moves: recorder-motion sent bytes that are no record. Recording continues."
    wait_for(lambda: rig.warnings("moves") == [said], PATIENCE_S, "/health says so")
    rig.replace("works")
    wait_for(lambda: rig.motion()["state"] == "running" and not rig.warnings("moves"), PATIENCE_S, "it works again")
    assert_no_frame_is_missing(rig, first_us)


def test_stopped_it_is_replaced_and_costs_no_frame(rig):
    first_us, pid = second_after(rig.camera.newest()), rig.watched()
    os.kill(pid, signal.SIGSTOP)
    stopped_us = rig.camera.newest().wall_us
    wait_for(lambda: rig.children(NAME) not in ([], [pid]), PATIENCE_S, "there is another one")
    again_us = rig.camera.newest().wall_us
    rig.watched()
    assert "hangs" in rig.log(), rig.log()
    assert_no_frame_is_missing(rig, first_us)
    known = [(time_us(span["from"]), time_us(span["to"])) for span in rig.events(first_us, again_us + 2 * US)["covered"]]
    assert known and all(end_us <= stopped_us + US or start_us >= again_us - US for start_us, end_us in known), (stopped_us, again_us, known)


def test_switched_off_nothing_runs_and_health_says_nothing(rig):
    rig.watched()
    rig.write_ini({**SETTINGS, "motion": {"enabled": "no"}})
    rig.recorderd.send_signal(signal.SIGHUP)
    try:
        wait_for(lambda: rig.motion()["state"] == "off" and not rig.children(NAME), PATIENCE_S, "it does not run")
        assert rig.get("/health").json()["status"] == "ok"
    finally:
        rig.write_ini(SETTINGS)
        rig.recorderd.send_signal(signal.SIGHUP)
    rig.watched()


def test_it_watches_while_recording_is_off(rig):
    rig.get("/control?recording=off", method="POST")
    wait_for(lambda: rig.get("/camera_info").json()["recording"]["state"] == "off", PATIENCE_S, "recording is off")
    for _ in range(3):
        rig.watched()
    stored = rig.stored()
    for _ in range(2):
        rig.watched()
    assert rig.stored() == stored, "no record is stored while recording is off"


if __name__ == "__main__":
    with MotionRig() as shared:
        shared.start()
        status = run_tests(globals(), shared, before=MotionRig.restored)
    sys.exit(status)
