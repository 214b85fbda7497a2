"""What moves in the picture of a real driver: vivid's cross moves to the right for some seconds and stands still before and after."""
import time
from datetime import datetime

import devices
from cases_faults import GAP_S, LATE_S, all_recorded
from station import PATIENCE_S
from support.tap import comment
from support.times import US, wait_for, wall_us

STANDING, TO_THE_RIGHT = 3, 5  # vivid's horizontal_movement
STILL_S, MOVING_FRAMES = 3, 30
AFTERWARDS_S = 2  # a pixel is compared with the one of a second ago, and some pictures are compared with each other


def steps(station, from_s, to_s):
    return station.get(f"/motion?camera=second&from={from_s}&to={to_s}&step=1").json()["steps"] if to_s > from_s else []


def wait_still(station, since_s, what):
    """Waits for some known seconds in a row without movement, from that one on; returns the first of them."""
    def found():
        asked = steps(station, since_s, wall_us() // US)
        for first in range(len(asked) - STILL_S + 1):
            if all(step["known"] == 1 and step["moving"] == 0 for step in asked[first:first + STILL_S]):
                return since_s + first
        return None
    return wait_for(found, PATIENCE_S, what)


def times(event):
    return [datetime.fromisoformat(event[name]).timestamp() for name in ("start", "end")]


def spans(answer):
    return [[datetime.fromisoformat(span[name]).timestamp() for name in ("from", "to")] for span in answer["covered"]]


def test_a_cross_that_moves_is_an_event_and_one_that_stands_still_is_none(station):
    """And recorderd keeps every frame. Those that vivid skips in a machine that stands still are no reason to skip this case."""
    devices.prefer_vivid(1)
    window, began = station.window("second"), time.monotonic()
    with devices.Node(f"/dev/video{station.vivid[1]}") as node:
        still_s = wait_still(station, wall_us() // US - STILL_S, "the cross stands still")
        begin_s = wall_us() / US
        node.set("horizontal_movement", TO_THE_RIGHT)
        station.wait_more("second", MOVING_FRAMES)
        node.set("horizontal_movement", STANDING)
        end_s = wall_us() / US
        again_s = wait_still(station, int(end_s) + 1 + AFTERWARDS_S, "it stands still again")
    answer = station.get(f"/events?camera=second&from={still_s}&to={again_s + STILL_S}").json()
    assert len(answer["events"]) == 1 and answer["events"][0]["type"] == "motion", answer
    start_s, stop_s = times(answer["events"][0])
    assert int(begin_s) <= start_s < end_s and stop_s <= int(end_s) + 1 + AFTERWARDS_S, (begin_s, end_s, answer)
    for second in (still_s, again_s):
        assert any(first <= second and second + STILL_S <= last for first, last in spans(answer)), (second, answer)
    comment(f"{time.monotonic() - began:.1f} s")
    now = station.wait_recorded("second", 1)
    wait_for(lambda: all_recorded(station, "second"), PATIENCE_S, "every frame is recorded")
    lost, causes, (stall_s, _) = now["lost"] - window.before["lost"], window.causes(), station.watch.longest_since(window.began)
    assert lost == 0 or stall_s > LATE_S, f"{lost} frames are lost; the machine stood still for {stall_s:.2f} s at most"
    window.holds_unless_starved(causes == [], GAP_S, window.timeline())
