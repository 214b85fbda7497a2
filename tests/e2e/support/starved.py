"""Frames that are lost because the machine is overloaded: a case with such a loss proves nothing, and is skipped as starved.

A loss is excused only if the recorder was ready to run for long enough right before it (run_delays.py). A recorder that waits for
something else, such as a disk, is not ready to run. tests/prove accepts one starved case per run.
"""
from support.tap import Skipped
from support.times import US

LEAST_S = 0.1  # shorter than the driver's buffers last


class Starved(Skipped):
    """Raised by a case that proves nothing, because the machine was overloaded."""


def assert_none_missed(camera, delays):
    """Every frame was taken from the camera. To be asserted last, because it may end the case as starved. delays: one RunDelays per recorder."""
    missed = camera.frames("missed")
    waits = [max((one.between(frame.wall_us - US, frame.wall_us + US // 5) for one in delays), default=0) for frame in missed]
    lost = [(frame.number, f"{wait:.3f} s") for frame, wait in zip(missed, waits) if wait < LEAST_S]
    assert not lost, f"frames are lost, after the recorder had waited for a processor for this long: {lost}"
    if missed:
        raise Starved(f"starved: {len(missed)} frames are lost; the recorder waited {min(waits):.1f} s and more for a processor")
