#!/usr/bin/env python3
"""recorder-ship is killed right after every few of the system calls that have an effect: a new start finishes, and every object is right."""
import sys

from support.ship_kills import kills
from support.tap import comment, run_tests

STEP = 3  # make campaign-ship-kills visits each call


def test_whatever_call_it_is_killed_after_nothing_is_lost_or_put_twice_or_listed_too_early():
    count = kills(STEP, "-e")
    comment(f"{count} kills")
    assert count > 3, "it was killed while it shipped"


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
