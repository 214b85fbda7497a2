#!/usr/bin/env python3
"""Any range of a camera that is now fast and now slow, jitters and stalls: exactly the frames of that time."""
import random
import time

from support.faulty_rig import main
from support.ranges import FPS, Moods, Ranges, rotations
from support.tap import comment
from support.times import US, wait_for

SEED = random.randrange(1 << 30)
UNEVEN_S = 18  # the subject: so long is the recording of which all is asked


def ranges_up_to_now(rig):
    """Ranges of what is on the disk."""
    rig.new_frames(1)
    rig.indexed()
    ranges = Ranges(rig, SEED)
    ranges.look()
    return ranges


def told(ranges):
    comment(f"{ranges.asked} ranges, {ranges.empty} of them empty, {ranges.shown} frames")


def test_random_ranges_are_exact(rig):
    comment(f"seed {SEED}")
    with Moods(rig.camera, SEED):
        time.sleep(UNEVEN_S)
    ranges = ranges_up_to_now(rig)
    for _ in range(12):
        ranges.at_random(10 * US)
    told(ranges)


def test_ranges_around_a_rotation_are_exact(rig):
    border = wait_for(lambda: rotations(rig), 60, "a segment follows another")[-1]
    wait_for(lambda: rig.camera.frames()[-1].wall_us > border + 3 * US, 60, "what is behind the border is taken")
    ranges = ranges_up_to_now(rig)
    ranges.around(border)
    told(ranges)


if __name__ == "__main__":
    main(globals(), settings={"camera": {"fps": FPS}}, fps=str(FPS))
