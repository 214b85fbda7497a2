#!/usr/bin/env python3
"""Live viewers that are slow, and that come and go."""
from support.camera import jpeg_number
from support.cases_viewers import viewers
from support.viewer_churn import come_and_go, descriptors, private_kb, serving, settle
from support.tap import main
from support.viewer import NUMBERS, Viewer

FPS = 60
AWAY_FRAMES = 240
STALE_FRAMES = 100  # of 7 KB: more than a record, lighttpd and the kernel buffer, but fewer than the 240 that a socket's default buffer holds
VISITS = 300
LEFT_KB = 2048  # what the allocator keeps


def test_a_stalled_viewer_skips_pictures_and_gets_the_newest(rig):
    with Viewer(rig, "/stream") as slow, Viewer(rig, "/stream") as quick:
        slow.part()
        begin = rig.camera.counter("number")
        while rig.camera.counter("number") < begin + AWAY_FRAMES:
            quick.part()
        newest = rig.camera.counter("number")
        numbers = []
        while not numbers or numbers[-1] < newest:
            numbers.append(jpeg_number(NUMBERS, slow.part()[1]))
        assert None not in numbers and numbers == sorted(set(numbers)), numbers
        assert len(numbers) < STALE_FRAMES, f"{len(numbers)} old pictures arrived: {numbers}"


def test_viewers_that_come_and_go_leave_nothing_behind(rig):
    viewers(rig, 0)
    pids = serving(rig)
    idle = descriptors(pids)
    come_and_go(rig, VISITS)
    settle(rig, idle)
    memory = private_kb(pids)
    come_and_go(rig, VISITS)
    settle(rig, idle)
    assert serving(rig) == pids, "the processes have changed"
    assert private_kb(pids) - memory < LEFT_KB, (memory, private_kb(pids))


if __name__ == "__main__":
    main(globals(), settings={"camera": {"fps": FPS}}, fps=str(FPS))
