#!/usr/bin/env python3
"""What happens is told at once: notifications, as the ring in shared memory has them. A stand-in sends the motion records."""
import contextlib
import os
import signal
import sys

from support.false_motion import FalseMotion
from support.faulty_rig import FaultyRig
from support.notifications import newest, notifications, told
from support.tap import run_tests
from support.times import PATIENCE_S, US, time_us, wait_for

SETTINGS = {"motion": {"enabled": "yes"}, "http": {"allow_control": "yes"}}


class NotifyingRig(FaultyRig):
    arguments = ("--keep-memory",)

    def __init__(self):
        super().__init__(SETTINGS)
        self.motion = FalseMotion(self, "works")

    def restored(self):
        """Nothing moves, and nothing is wrong."""
        self.motion.become("works")
        self.restore()
        wait_for(self.is_still, PATIENCE_S, "nothing moves any more")

    def is_still(self):
        motion = [one["event"] for one in notifications(self.name) if one["event"] in ("started", "motion-start", "motion-end")]
        return motion[-1] != "motion-start"

    def newest(self):
        return newest(self.name)

    def told(self, event, after, number=1):
        return told(self.name, event, after, number)

    def events_after(self, number):
        return [one["event"] for one in notifications(self.name) if one["number"] > number]


def test_they_are_numbered_without_a_hole_from_the_start_on(rig):
    rig.told("segment", 0)
    all_of_them = notifications(rig.name)
    assert all_of_them[0]["event"] == "started", all_of_them[0]
    assert [one["number"] for one in all_of_them] == list(range(1, len(all_of_them) + 1)), all_of_them
    assert len({one["series"] for one in all_of_them}) == 1


def test_a_segment_is_told_when_it_is_finished(rig):
    segment = rig.told("segment", 0)
    listed, = [one for one in rig.segments() if one["file"] == segment["file"]]
    assert listed["state"] == "complete" and listed["frames"] == segment["frames"], (listed, segment)
    assert os.path.getsize(os.path.join(rig.recordings, segment["file"])) == segment["bytes"], segment
    assert abs(segment["from"] * US - time_us(listed["start"])) < 1000 and segment["time"] == segment["to"], (listed, segment)


def test_a_camera_is_lost_and_comes_back(rig):
    before, frame = rig.newest(), rig.camera.newest()
    rig.camera.fault("unplugged")
    lost = rig.told("camera-lost", before)
    assert lost["cause"] == "unplugged" and rig.name in lost["text"], lost
    assert lost["time"] * US >= frame.wall_us - 1000, (lost, frame.wall_us)
    assert abs(lost["time"] * US - rig.camera.newest().wall_us) < 1000, (lost, rig.camera.newest().wall_us)
    rig.camera.fault("unplugged", 0)
    back = rig.told("camera-back", lost["number"])
    assert rig.events_after(before).count("camera-lost") == 1, rig.events_after(before)
    assert back["time"] > lost["time"], (lost, back)


def test_a_full_disk_is_told_and_that_it_is_written_to_again(rig):
    before = rig.newest()
    rig.disk.full()
    failing = rig.told("disk-failing", before)
    assert os.strerror(28) in failing["detail"], failing
    rig.disk.full(False)
    rig.told("disk-working", failing["number"])


def test_an_encoder_that_does_not_work_is_told(rig):
    before = rig.newest()

    def killed():
        for pid in rig.children("ffmpeg"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return "encoder-failing" in rig.events_after(before)
    wait_for(killed, PATIENCE_S, "it is told")
    rig.told("encoder-working", rig.told("encoder-failing", before)["number"])


def test_recording_is_switched_off_and_on(rig):
    before = rig.newest()
    rig.get("/control?recording=off", method="POST")
    off = rig.told("recording-off", before)
    rig.get("/control?recording=on", method="POST")
    rig.told("recording-on", off["number"])


def test_motion_is_told_as_the_event_that_it_is(rig):
    before = rig.newest()
    rig.motion.become("moves")
    start = rig.told("motion-start", before)
    assert start["strength"] == "clear" and start["time"] == start["from"] and "to" not in start, start
    assert start["cells"] == "222".ljust(32 * 18, "0"), start
    rig.motion.become("works")
    end = rig.told("motion-end", start["number"])
    assert end["from"] == start["from"] and end["time"] == end["to"] > end["from"] and "known_until" not in end, (start, end)

    def answered():
        answer = rig.get(f"/events?from={end['from'] - 1}&to={end['to'] + 1}").json()["events"]
        return [(time_us(one["start"]), time_us(one["end"])) for one in answer] == [(end["from"] * US, end["to"] * US)]
    wait_for(answered, PATIENCE_S, "/events has the same event")


def test_the_next_recorder_continues_after_a_kill_and_after_a_stop(rig):
    rig.motion.become("moves")
    before = rig.told("motion-start", rig.newest())
    rig.stop_recorderd(signal.SIGKILL)
    last = notifications(rig.name)[-1]
    rig.start_recorderd()
    started = rig.told("started", last["number"])
    assert (started["series"], started["number"]) == (last["series"], last["number"] + 1), (last, started)
    start = rig.told("motion-start", started["number"])
    assert start["from"] > before["from"], (before, start)
    assert rig.stop_recorderd() == 0
    ends = [one for one in notifications(rig.name) if one["number"] > start["number"]]
    kinds = [one["event"] for one in ends if one["event"] != "segment"]
    assert kinds == ["motion-end", "stopping"] and ends[-1]["event"] == "segment", ends
    end = next(one for one in ends if one["event"] == "motion-end")
    assert end["from"] == start["from"] and end["known_until"] >= end["to"], (start, end)
    rig.start_recorderd()
    started = rig.told("started", ends[-1]["number"])
    assert (started["series"], started["number"]) == (start["series"], ends[-1]["number"] + 1), (ends, started)


if __name__ == "__main__":
    with NotifyingRig() as made:
        made.start()
        result = run_tests(globals(), made, NotifyingRig.restored)
    sys.exit(result)
