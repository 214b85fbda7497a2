"""The machine's clock is set while recorders run."""
import subprocess

from rig import wait_for, wall_us

HOUR_S = 3600
PATIENCE_S = 60


def set_clock(step_s):
    at = wall_us() / 1e6 + step_s
    subprocess.run(["date", "-s", f"@{at:.3f}"], check=True, capture_output=True)


def segments(station):
    return station.get("/recordings?camera=first").json()


def all_recorded(station):
    """Of the frames in memory only those that the encoder has are not in the archive."""
    info = station.info("first")
    return info["frames"] - info["recording"]["frames"] <= 5


def test_a_clock_that_is_set_forward_and_back_begins_a_new_run_each_time(station):
    station.wait_more("first")
    since_us, files = wall_us(), len(segments(station))
    set_clock(HOUR_S)
    station.wait_more("first")
    wait_for(lambda: station.causes("first", since_us) == ["clock"], PATIENCE_S, "an hour that never was")
    set_clock(-HOUR_S - 2)
    station.wait_more("first")
    wait_for(lambda: all_recorded(station), PATIENCE_S, "every frame is recorded")
    names = [one["file"] for one in segments(station)]
    assert len(names) >= files + 2 and len(set(names)) == len(names), names
    assert station.health("first")[0] == 200, station.health("first")


def test_each_frame_of_all_this_is_in_the_archive_once(station):
    frames = station.wait_more("first", 1)["frames"]
    assert station.stop_recorder("first") == 0, station.log("first.log")
    archived = sum(one["frames"] for one in segments(station))
    assert frames <= archived <= frames + 10, (frames, archived)
