"""Live viewers behind a web server: one that leaves is forgotten, and one that is slow delays nobody else."""
import contextlib
import re
import socket

from support.times import US, wait_for
from support.viewer import Viewer
from test_http import past
from test_live import watch_row


def viewers(rig, count):
    """Waits until /metrics counts that many viewers."""
    wait_for(lambda: re.search(rf"^recorder_live_viewers\{{[^}}]*\}} {count}$", rig.get("/metrics").body.decode(), re.M), 60,
             f"{count} viewers in /metrics")


def test_viewers_that_leave_are_no_longer_counted(rig):
    viewers(rig, 0)
    with contextlib.ExitStack() as stack:
        for viewer in [stack.enter_context(Viewer(rig)) for _ in range(3)]:
            viewer.part()
        viewers(rig, 3)
    viewers(rig, 0)


def test_a_viewer_that_reads_nothing_delays_nobody(rig):
    viewers(rig, 0)
    from_us, to_us = past(rig, 4)
    with contextlib.ExitStack() as stack:
        for path in ("/stream", "/stream", f"/footage?from={from_us // US}&to={to_us // US}"):
            stalled = stack.enter_context(socket.socket())
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stalled.connect(("127.0.0.1", rig.port))
            stalled.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        viewers(rig, 2)
        with Viewer(rig) as viewer:
            viewer.numbers(60)
            watch_row(viewer, 30)
        assert rig.get("/health").status == 200
    viewers(rig, 0)
