#!/usr/bin/env python3
"""The short form of campaigns/soak.py: half a minute of viewers, clips and random faults."""
import random

from support.faulty_rig import main
from support.kills import assert_rebuilt_alike
from support.soak import FRAMES, soak
from support.tap import comment

SEED = random.randrange(1 << 30)


def test_half_a_minute_of_faults_costs_nothing_and_leaks_nothing(rig):
    comment(f"seed {SEED}")
    comment(soak(rig, 30, SEED))


def test_every_index_is_what_its_segment_says(rig):
    rig.stop_recorderd()  # unless the soak has: a segment that grows cannot be compared
    assert_rebuilt_alike(rig)


if __name__ == "__main__":
    main(globals(), settings={"motion": {"enabled": "yes"}}, frames=FRAMES)
