#!/usr/bin/env python3
"""Any range of a camera that is now fast and now slow, jitters and stalls: exactly the frames of that time."""
import random
import time

from faulty_rig import main
from ranges import FPS, Moods, Ranges, rotations
from rig import US, comment

SEED = random.randrange(1 << 30)
STATE = {}


def test_random_ranges_are_exact(rig):
    comment(f"seed {SEED}")
    with Moods(rig.camera, SEED):
        time.sleep(18)
    time.sleep(2)
    rig.indexed()
    STATE["ranges"] = Ranges(rig, SEED)
    STATE["ranges"].look()
    for _ in range(12):
        STATE["ranges"].at_random(10 * US)


def test_ranges_around_a_rotation_are_exact(rig):
    borders = rotations(rig)
    assert borders, "no segment followed another"
    time.sleep(4)
    rig.indexed()
    STATE["ranges"].look()
    STATE["ranges"].around(borders[-1])
    comment(f"{STATE['ranges'].asked} ranges, {STATE['ranges'].empty} of them empty, {STATE['ranges'].shown} frames")


if __name__ == "__main__":
    main(globals(), settings={"camera": {"fps": FPS}}, fps=str(FPS))
