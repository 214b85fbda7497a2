"""A single client gets only a share of the downloads and viewers, and loses a download that it does not read.

The rig's own clients come from this machine, which has no limit and acts as a proxy here: they say on whose behalf they ask.
"""
import contextlib
import os
import socket

from support.times import PATIENCE_S, wait_for
from support.viewer import Viewer
from test_http import past
from test_live import VIEWERS

DOWNLOADS, SHARE = 12, 50
LIMITS = {"max_downloads": DOWNLOADS, "address_share": SHARE, "stall_seconds": 3, "proxies": "127.0.0.1"}
LARGE = 256 << 20  # more than any server and the kernel buffer
FIRST, SECOND, THIRD = "192.0.2.1", "192.0.2.2", "2001:db8::1"


def large_file(rig):
    """A kept clip that is mostly a hole."""
    os.makedirs(rig.clips, exist_ok=True)
    path = os.path.join(rig.clips, "large.mp4")
    if not os.path.exists(path):
        with open(path, "wb") as file:
            file.truncate(LARGE)
    return "/clips/large.mp4"


class Idle:
    """A client that reads the headers of its answer and nothing else."""

    def __init__(self, rig, address, path, also=""):
        """also: header lines after the proxy's, each with its CRLF."""
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", rig.port))
        # Whatever a client writes before the proxy's entry is ignored.
        forwarded = f"X-Forwarded-For: 203.0.113.9, {address}\r\n" if address else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{forwarded}{also}\r\n".encode())
        self.head = b""
        while b"\r\n\r\n" not in self.head:
            byte = self.socket.recv(1)
            assert byte, self.head
            self.head += byte
        self.status = int(self.head.split()[1])

    def close(self):
        self.socket.close()


def idle(rig, stack, address, path, also=""):
    client = Idle(rig, address, path, also)
    stack.callback(client.close)
    return client


def begun(rig, address, path):
    """A download that has begun, or None."""
    client = Idle(rig, address, path)
    if client.status == 200:
        return client
    client.close()
    return None


def all_idle(rig, addresses, path):
    """As many idle clients of each address as it may have; None if one of them was refused."""
    with contextlib.ExitStack() as stack:
        clients = [idle(rig, stack, address, path) for address in addresses for _ in range(DOWNLOADS * SHARE // 100)]
        return stack.pop_all() if all(client.status == 200 for client in clients) else None


def test_one_address_has_no_more_than_its_share_of_downloads(rig):
    path = large_file(rig)
    with wait_for(lambda: all_idle(rig, [FIRST], path), PATIENCE_S, "downloads of earlier cases have ended") as stack:
        refused = idle(rig, stack, FIRST, path)
        assert refused.status == 429 and b"retry-after" in refused.head.lower(), refused.head
        assert idle(rig, stack, SECOND, path).status == 200
        assert idle(rig, stack, None, path).status == 200
        answer = rig.get(path, headers={"X-Forwarded-For": FIRST})
        assert answer.status == 429 and "http.address_share" in answer.detail, answer.body
    wait_for(lambda: begun(rig, FIRST, path), PATIENCE_S, "its downloads have ended").close()


def test_clients_that_read_nothing_lose_their_downloads(rig):
    path = large_file(rig)
    with wait_for(lambda: all_idle(rig, [FIRST, SECOND], path), PATIENCE_S, "downloads of earlier cases have ended") as stack:
        assert idle(rig, stack, THIRD, path).status == 503
        wait_for(lambda: begun(rig, THIRD, path), PATIENCE_S, "clients that read nothing have lost their downloads").close()
        from_us, to_us = past(rig, 4)
        assert rig.footage(from_us, to_us).status == 200


def test_an_interrupted_download_continues(rig):
    """As a browser does after pausing a video: what it has is still valid."""
    from_us, to_us = past(rig, 4)
    whole = rig.footage(from_us, to_us)
    half = len(whole.body) // 2
    rest = rig.footage(from_us, to_us, {"Range": f"bytes={half}-", "If-Range": whole.headers["ETag"]})
    assert (rest.status, whole.body[:half] + rest.body) == (206, whole.body)


def test_a_client_cannot_forge_the_header_of_the_proxy(rig):
    """A web server joins two lines of one name. Other spellings may map to the same variable, because many characters become "_"."""
    path = large_file(rig)
    with wait_for(lambda: all_idle(rig, [FIRST], path), PATIENCE_S, "downloads of earlier cases have ended") as stack:
        refused = idle(rig, stack, SECOND, path, f"X-Forwarded-For: {FIRST}\r\n")
        assert refused.status == 429, refused.head
        for name in ("X_Forwarded_For", "X-Forwarded_For", "x.forwarded.for"):
            refused = idle(rig, stack, FIRST, path, f"{name}: {SECOND}\r\n")
            assert refused.status in (400, 429), (name, refused.head)


def watching(rig, address, count):
    """That many viewers of an address, or None if one of them was refused."""
    with contextlib.ExitStack() as stack:
        viewers = [stack.enter_context(Viewer(rig, headers=f"X-Forwarded-For: {address}\r\n")) for _ in range(count)]
        return stack.pop_all() if all(viewer.status == 200 for viewer in viewers) else None


def test_one_address_has_no_more_than_its_share_of_live_viewers(rig):
    share = VIEWERS * SHARE // 100
    with wait_for(lambda: watching(rig, FIRST, share), PATIENCE_S, "downloads of earlier cases have ended"):
        with Viewer(rig, headers=f"X-Forwarded-For: {FIRST}\r\n") as refused:
            assert refused.status == 429 and "retry-after" in refused.headers, (refused.status, refused.headers)
        with Viewer(rig, headers=f"X-Forwarded-For: {SECOND}\r\n") as other, Viewer(rig) as local:
            assert other.status == local.status == 200
            assert other.part()[1][:2] == local.part()[1][:2] == b"\xff\xd8"
