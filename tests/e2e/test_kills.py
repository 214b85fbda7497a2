#!/usr/bin/env python3
"""recorderd and its FFmpeg are killed at random instants under load: what was taken is recorded, once, in order."""
import random

from faulty_rig import main
from kills import Kills, Load, assert_numbers, assert_rebuilt_alike
from rig import comment

SEED = random.randrange(1 << 30)
STATE = {}


def test_killed_five_times_the_recorder_goes_on_where_it_was(rig):
    comment(f"seed {SEED}")
    STATE["kills"] = Kills(rig, SEED)
    with Load(rig, 1):
        for _ in range(5):
            STATE["kills"].kill("recorder")


def test_an_encoder_killed_five_times_costs_no_frame(rig):
    before = len(STATE["kills"].lost)
    for _ in range(5):
        STATE["kills"].kill("encoder")
    assert len(STATE["kills"].lost) == before, STATE["kills"].lost
    comment(STATE["kills"].told())


def test_the_pictures_are_those_that_were_taken(rig):
    assert rig.stop_recorderd() == 0
    assert_numbers(rig, STATE["kills"].lost)


def test_every_index_is_what_its_segment_says(rig):
    assert_rebuilt_alike(rig)


if __name__ == "__main__":
    main(globals(), settings={"camera": {"fps": 60}}, fps="60")
