#!/usr/bin/env python3
"""The short form of campaigns/replug.py."""
import sys

from support.replugs import replug
from support.tap import comment, run_tests


def test_a_camera_that_is_replugged_a_hundred_times_leaves_nothing_behind():
    comment(replug(100))


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
