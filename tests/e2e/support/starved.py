"""Frames that a machine without time to spare costs: a case that meets such a loss cannot be judged, and is skipped as starved.

A loss is excused only if the recorder stood ready to run for long enough right before it (run_delays.py). A recorder that waits for
something else, such as a disk, is not ready to run. tests/prove takes one starved case in a run and no more.
"""
from support.tap import Skipped
from support.times import US

LEAST_S = 0.1  # the driver's buffers last longer


class Starved(Skipped):
    """Raised by a case that could not be judged, because the machine had no time for it."""


def assert_none_missed(camera, delays):
    """Every frame was taken off the camera. To be asserted last: it may end the case as starved. delays: a RunDelays of each recorder."""
    missed = camera.frames("missed")
    waits = [max((one.between(frame.wall_us - US, frame.wall_us + US // 5) for one in delays), default=0) for frame in missed]
    lost = [(frame.number, f"{wait:.3f} s") for frame, wait in zip(missed, waits) if wait < LEAST_S]
    assert not lost, f"frames are lost; beside each how long the recorder waited for a processor: {lost}"
    if missed:
        raise Starved(f"starved: {len(missed)} frames are lost; the recorder waited {min(waits):.1f} s and more for a processor")
