"""Programs that watch a camera over HTTP, as clients of the recorder: each must show what the camera has just sent."""
import contextlib

import motion
import zoneminder
from support.tap import Skipped
from support.times import PATIENCE_S, wait_for


def numbers_since(rig, count):
    """Of the frames after the first `count`: a picture with one of them is neither a client's own nor an old one."""
    return {frame.number for frame in rig.camera.frames()[count:]}


def serve_by(rig, server):
    """The recorder behind that web server."""
    if server != rig.server_name:
        rig.stop_web()
        rig.server_name = server
        rig.start_web()


def check_motion(rig):
    if motion.missing():
        raise Skipped(motion.missing())
    count = len(rig.camera.frames())
    with contextlib.ExitStack() as stack:
        for watching in [stack.enter_context(motion.Motion(rig, kind)) for kind in motion.PATHS]:
            def shows(saved=watching):
                return len(saved.numbers() & numbers_since(rig, count)) >= 2
            wait_for(shows, PATIENCE_S, f"Motion shows two frames of {watching.url}")


def check_zoneminder(rig):
    if zoneminder.missing():
        raise Skipped(zoneminder.missing())
    count = len(rig.camera.frames())
    with zoneminder.ZoneMinder(rig) as watching:
        for kind in zoneminder.KINDS:
            watching.watch(kind, rig.port)
        for kind in zoneminder.KINDS:
            wait_for(lambda of=kind: watching.rate(of) > 1, PATIENCE_S, f"the monitor {kind} is connected")
            first = wait_for(lambda of=kind: watching.number(of), PATIENCE_S, f"the monitor {kind} has a picture")
            assert first in numbers_since(rig, count), (kind, first)
            wait_for(lambda of=kind, old=first: watching.number(of) not in (None, old), PATIENCE_S, f"{kind} has another")
