"""Frames that a machine without time to spare costs: a case that meets such a loss cannot be judged, and is skipped as starved.

The kernel counts how long a thread stood ready to run without a processor. Only a loss that fits into that time is excused, and
tests/prove takes one starved case in a run and no more.
"""
from rig import Skipped

LEAST_S = 0.1  # the driver's buffers last longer


class Starved(Skipped):
    """Raised by a case that could not be judged, because the machine had no time for it."""


def assert_none_lost(lost, fps, waited):
    """A recorder that waited so many seconds for a processor has lost no frame. To be asserted last: it may end the case."""
    if not lost:
        return
    assert waited > LEAST_S and lost <= fps * waited, f"{lost} frames are lost; the recorder waited {waited:.3f} s in all for a processor"
    raise Starved(f"starved: {lost} frames are lost; the recorder waited {waited:.1f} s in all for a processor")
