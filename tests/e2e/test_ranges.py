#!/usr/bin/env python3
"""Any range of a camera that changes its rate, jitters and stalls has exactly the frames of that time."""
import random
import time

from support.faulty_rig import main
from support.ranges import FPS, Moods, Ranges, rotations
from support.tap import comment
from support.times import US, wait_for

SEED = random.randrange(1 << 30)
UNEVEN_S = 18  # the length of the recording that the ranges are taken from


def ranges_up_to_now(rig):
    """Ranges of everything that is on the disk."""
    rig.new_frames(1)
    rig.indexed()
    ranges = Ranges(rig, SEED)
    ranges.look()
    return ranges


def summary(ranges):
    comment(f"{ranges.asked} ranges, {ranges.empty} of them empty, {ranges.shown} frames")


def test_random_ranges_are_exact(rig):
    comment(f"seed {SEED}")
    with Moods(rig.camera, SEED):
        time.sleep(UNEVEN_S)
    ranges = ranges_up_to_now(rig)
    for _ in range(12):
        ranges.at_random(10 * US)
    summary(ranges)


def test_ranges_around_a_rotation_are_exact(rig):
    border = wait_for(lambda: rotations(rig), 60, "a segment follows another")[-1]
    wait_for(lambda: rig.camera.frames()[-1].wall_us > border + 3 * US, 60, "some seconds after the border have passed")
    ranges = ranges_up_to_now(rig)
    ranges.around(border)
    summary(ranges)


if __name__ == "__main__":
    main(globals(), settings={"camera": {"fps": FPS}}, fps=str(FPS))
