"""Hostile clients, through a real web server: what each of them gets, and that nobody else notices."""
import contextlib
import os
import re
import resource
import socket
import time

from support.times import wait_for
from support.viewer import Viewer
from test_live import accepted

SECRETS = (b"[camera]", b"root:", b"LoadModule", b"fastcgi", b"ELF")
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")

PATHS = (
    "/recordings/../recorder.ini", "/recordings/..%2frecorder.ini", "/recordings/%2e%2e/recorder.ini", "/recordings/%2e%2e%2frecorder.ini",
    "/recordings/%252e%252e%252frecorder.ini", "/recordings/..%c0%afrecorder.ini", "/recordings/%c0%ae%c0%ae/recorder.ini",
    "/recordings/..%5crecorder.ini", "/recordings/..\\recorder.ini", "/recordings/..;/recorder.ini", "/recordings/....//recorder.ini",
    "/recordings//etc/passwd", "/recordings/%2fetc%2fpasswd", "//etc/passwd", "/%2fetc/passwd", "/./recorder.ini", "/recordings/%00",
    "/recordings/recording_20200101_000000.mp4", "/recordings/recording_20200101_000000.mp4%00.mp4", "/recordings/recorder.ini/init.mp4",
    "/clips/..%2frecorder.ini", "/clips/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/clips/link.mp4", "/clips/folder.mp4", "/clips/pipe.mp4",
    "/clips/.", "/clips/..", "/clips/", "/clips/~", "/clips/%ff%fe.mp4", "/clips/" + "a" * 4000 + ".mp4",
    "/ui/../recorder.ini", "/ui/..%2frecorder.ini", "/ui/%2e%2e/%2e%2e/etc/passwd", "/ui/..%5c..%5cetc/passwd", "/ui//etc/passwd",
    "/ui/%00index.html", "/ui/index.html%00.css", "/ui../recorder.ini", "/ui/.%2e/recorder.ini", "/ui/%c0%ae%c0%ae/recorder.ini",
    "/recorder.ini", "/camera.sock", "/.git/config", "/stream/../recorder.ini", "/stream/x", "/?camera=../../etc/passwd",
    "http://elsewhere.example/recordings/../recorder.ini", "file:///etc/passwd", "recorder.ini", "\\\\etc\\passwd",
)


def talk(rig, data, seconds=30):
    """Sends these bytes, and returns everything that comes back until the server closes or falls silent."""
    response = b""
    with socket.create_connection(("127.0.0.1", rig.port), 10) as client, contextlib.suppress(OSError):
        client.sendall(data)
        client.settimeout(seconds)
        while chunk := client.recv(65536):
            response += chunk
    return response


def request(target, method="GET", headers="", body=b""):
    """A request after which the server closes the connection."""
    return f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n".encode("latin-1") + body


def statuses(response):
    return [int(status) for status in STATUS.findall(response)]


def test_the_host_name_of_another_site_is_refused(rig):
    """DNS rebinding: the browser believes that this machine is the other site."""
    for path in ("/?fps=none", "/stream?fps=none", "/health", "/footage?from=-5s&to=-1s", "/nothing"):
        for host, allowed in (("evil.example", {421}), (f"evil.example:{rig.port}", {421}), ("localhost.evil.example", {421}),
                              (f"127.0.0.1:{rig.port}", None), ("[::1]", None), ("cellar", None), ("", None)):
            response = talk(rig, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(), 30)
            assert (statuses(response) == [421]) == bool(allowed), (path, host, response[:300])
            assert not allowed or b"[http]" in response, response


def assert_healthy(rig):
    assert rig.get("/health").status == 200


def refused(rig, data, allowed):
    """Expects exactly one answer, with one of the allowed statuses."""
    response = talk(rig, data)
    got = statuses(response)
    assert len(got) == 1 and got[0] in allowed, (data[:200], got, response[:300])
    return response


def ignored(rig, data):
    """Expects at most one answer, and only a refusal. A server may also close, or wait in vain for the rest of a line."""
    got = statuses(talk(rig, data, 0.5))
    assert len(got) <= 1 and all(status >= 400 for status in got), (data[:200], got)


def test_no_path_leads_out_of_the_folders(rig):
    for folder, name in ((rig.clips, "link.mp4"), (rig.recordings, "recording_20200101_000000.mp4")):
        os.makedirs(folder, exist_ok=True)
        os.symlink(rig.ini, os.path.join(folder, name))
    os.mkdir(os.path.join(rig.clips, "folder.mp4"))
    os.mkfifo(os.path.join(rig.clips, "pipe.mp4"))
    for path in PATHS:
        response = refused(rig, request(path), (301, 308, 400, 403, 404, 414, 421))
        assert not any(secret in response.partition(b"\r\n\r\n")[2] for secret in SECRETS), (path, response)
    assert_healthy(rig)


def test_contradicting_lengths_are_refused(rig):
    hidden = b"0\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    for headers in ("Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: -1\r\n", "Content-Length: 5, 6\r\n", "Content-Length: +5\r\n",
                    "Content-Length: 0x5\r\n", "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: xchunked\r\n",
                    "Transfer-Encoding : chunked\r\n", "Transfer-Encoding: chunked, identity\r\n"):
        refused(rig, request("/control", "POST", headers, hidden), (400, 411, 413, 501))
    assert_healthy(rig)


def test_a_length_next_to_chunks_hides_no_request(rig):
    """It is refused, or the chunks count. The connection ends there, so nothing after it counts as a request."""
    hidden = b"0\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for order in (0, 1):
        headers = [f"Content-Length: {len(hidden)}\r\n", "Transfer-Encoding: chunked\r\n"]
        refused(rig, f"POST /control HTTP/1.1\r\nHost: x\r\n{headers[order]}{headers[1 - order]}\r\n".encode() + hidden, (400, 403))
    assert_healthy(rig)


def test_malformed_header_lines_are_refused_or_ignored(rig):
    for headers in ("X: a\r\n folded\r\n", "no colon\r\n", ": empty\r\n", "X\0Y: 1\r\n", "X: a\0b\r\n", "X: a\rb\r\n", "Host: other\r\n"):
        refused(rig, request("/camera_info", headers=headers), (200, 400))
    for data in (b"GET nowhere at all HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 500, b"\x16\x03\x01\x02\x00\x01", b"G" * 20000,
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
        ignored(rig, data)
    assert_healthy(rig)


def test_a_client_cannot_inject_headers_into_a_response(rig):
    for path in ("/footage?from=%0d%0aX-Evil:%201&to=now", "/clips/%0d%0aX-Evil:%201", "/ui%0d%0aX-Evil:%201", "/ui/%0d%0aX-Evil:1/../",
                 "/camera_info?camera=%0d%0aX-Evil:%201", "/stream?fps=%0aX-Evil:%201"):
        response = talk(rig, request(path))
        assert b"\nx-evil" not in response.partition(b"\r\n\r\n")[0].lower(), response
    response = talk(rig, request("/camera_info", headers="Proxy: http://elsewhere.example:1\r\nX_Clip_Source: evil\r\n"))
    assert statuses(response) == [200] and b"elsewhere" not in response and b"evil" not in response, response


def test_requests_that_are_too_large_are_refused(rig):
    allowed = (400, 413, 414, 431)
    many = "".join(f"X-{number}: {'a' * 4000}\r\n" for number in range(40))
    refused(rig, request("/footage?from=-5s&to=now&x=" + "a" * 20000), allowed)
    refused(rig, request("/" + "a" * 100000), allowed)
    refused(rig, request("/camera_info", headers="X-Long: " + "a" * 20000 + "\r\n"), allowed)
    refused(rig, request("/camera_info", headers=many), (*allowed, 503))  # Apache limits each of them; the worker accepts 64 KB in total
    refused(rig, request("/control", "POST", "Content-Length: 200000\r\n", b"a" * 200000), allowed)
    refused(rig, request("/control", "POST", "Content-Length: 99999999999\r\n"), allowed)
    assert_healthy(rig)


def test_hundreds_of_pipelined_requests_are_answered_in_order(rig):
    count = 300
    wanted = [404 if number % 7 == 0 else 200 for number in range(count)]
    paths = ["/nowhere" if status == 404 else f"/camera_info?_={number}" for number, status in enumerate(wanted)]
    data = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths).encode()
    assert statuses(talk(rig, data + request("/health"))) == wanted + [200]


def connections(rig, stack, count, data=b""):
    """Clients that send this and then nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 1000)), hard))
    clients = [stack.enter_context(socket.socket()) for _ in range(count)]
    for client in clients:
        client.settimeout(30)
        client.connect(("127.0.0.1", rig.port))
        client.sendall(data)
    return clients


def alive(clients):
    """How many connections the server has not closed."""
    count = 0
    for client in clients:
        client.setblocking(False)
        try:
            count += client.recv(65536) != b""
        except BlockingIOError:
            count += 1
        except OSError:
            pass
    return count


def assert_served(rig, viewer, seconds):
    """Live view and the API work while others keep the server busy."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert viewer.part()[1][:2] == b"\xff\xd8"
        assert_healthy(rig)


def test_idle_connections_lock_nobody_out(rig):
    with Viewer(rig) as viewer, contextlib.ExitStack() as stack:
        connections(rig, stack, 1000)
        assert_served(rig, viewer, 1)


def test_requests_that_never_end_lock_nobody_out(rig):
    with Viewer(rig) as viewer, contextlib.ExitStack() as stack:
        clients = connections(rig, stack, 300, b"GET /camera_info HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        for _ in range(3):
            for client in clients:
                client.sendall(b"a")
            assert_served(rig, viewer, 0.3)


def test_many_clients_that_leave_at_once_cost_nothing(rig):
    for number in range(200):
        with socket.create_connection(("127.0.0.1", rig.port), 10) as client:
            client.sendall(request("/stream" if number % 2 else "/footage?from=-3s&to=-1s"))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_for(lambda: accepted(rig, 1), 60, "a viewer is accepted again").close()
    assert_healthy(rig)
