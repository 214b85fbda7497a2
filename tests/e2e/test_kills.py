#!/usr/bin/env python3
"""recorderd and its FFmpeg are killed at random instants under load: every frame that was taken is recorded once, in order."""
import random

from support.faulty_rig import main
from support.kills import Kills, Load, assert_numbers, assert_rebuilt_alike, assert_records, index_times, missing, wait_recorded_after
from support.tap import comment

SEED = random.randrange(1 << 30)
KILLS = []  # one Kills for all cases, because it counts what all kills have cost


def kills_of(rig):
    if not KILLS:
        comment(f"seed {SEED}")
        KILLS.append(Kills(rig, SEED))
    return KILLS[0]


def missing_so_far(rig):
    """Numbers of the frames so far that are not in the index."""
    wait_recorded_after(rig, rig.camera.frames()[-1].wall_us)
    return missing(rig, index_times(rig))


def test_a_recorder_killed_five_times_continues_where_it_was(rig):
    with Load(rig, 1):
        for _ in range(5):
            kills_of(rig).kill("recorder")


def test_an_encoder_killed_five_times_costs_no_frame(rig):
    before = missing_so_far(rig)
    for _ in range(5):
        kills_of(rig).kill("encoder")
    assert kills_of(rig).lost == before, (before, kills_of(rig).lost)
    comment(kills_of(rig).summary())


def test_the_pictures_are_those_that_were_taken(rig):
    lost = missing_so_far(rig)
    assert rig.stop_recorderd() == 0
    assert_numbers(rig, lost)


def test_the_records_of_what_moved_are_beside_their_frames(rig):
    rig.stop_recorderd()  # unless a previous case has: a segment that grows is in no list
    assert assert_records(rig) > 0


def test_every_index_and_list_can_be_rebuilt(rig):
    rig.stop_recorderd()
    assert_rebuilt_alike(rig)


if __name__ == "__main__":
    main(globals(), settings={"camera": {"fps": 60}, "motion": {"enabled": "yes"}}, fps="60")
