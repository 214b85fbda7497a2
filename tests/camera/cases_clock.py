"""The machine's clock is set while recorders run."""
import subprocess

import devices
from station import PATIENCE_S
from support.times import wait_for, wall_us

HOUR_S = 3600
GAP_S = 0.5  # a gap in the timeline takes a second without a frame, so shorter stalls of the machine make none


def set_clock(step_s):
    at = wall_us() / 1e6 + step_s
    subprocess.run(["date", "-s", f"@{at:.3f}"], check=True, capture_output=True)


def segments(station):
    return station.get("/recordings?camera=first").json()


def all_recorded(station):
    """Whether only the frames that the encoder holds are missing from the archive."""
    info = station.wait_known("first")
    return info["frames"] - info["recording"]["frames"] <= 5


def test_a_clock_that_is_set_forward_and_back_begins_a_new_run_each_time(station):
    window, files = station.window("first"), len(segments(station))
    set_clock(HOUR_S)
    station.wait_recorded("first", 3)
    wait_for(lambda: "clock" in window.causes(), PATIENCE_S, "a gap of an hour")
    causes = window.causes()
    set_clock(-HOUR_S - 2)
    wait_for(lambda: len(segments(station)) >= files + 2, PATIENCE_S, "two more segments")
    wait_for(lambda: all_recorded(station), PATIENCE_S, "every frame is recorded")
    names = [one["file"] for one in segments(station)]
    assert len(set(names)) == len(names), names
    wait_for(lambda: station.health("first")[0] == 200, PATIENCE_S, "/health has no complaint")
    window.holds_unless_starved(causes == ["clock"], GAP_S, causes)


def test_each_frame_of_all_this_is_in_the_archive_once(station):
    """Counted after all cameras are gone, so that none can send another frame."""
    devices.unplug_vivid()
    station.wait_info("first", lambda info: info["state"] == "waiting", "no camera is left")
    info = station.wait_info("first", lambda info: info["recording"]["frames"] == info["frames"], "each frame is recorded")
    assert station.stop_recorder("first") == 0, station.log("first.log")
    assert sum(one["frames"] for one in segments(station)) == info["frames"], (segments(station), info)
