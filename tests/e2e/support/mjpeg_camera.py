#!/usr/bin/env python3
"""A camera that is a program, or a network camera: numbered frames as MJPEG, and a log of when each was sent.

usage: mjpeg_camera.py LOG FPS plain|multipart              to the standard output, until it is killed
       mjpeg_camera.py LOG FPS PORT_FILE basic|digest PASSWORD   for one client after the other over HTTP; the user is `viewer`

Each line of the log is `number wall_us`. The frames begin with number 0 again whenever it is asked for them, and the log is
continued. It needs nothing of the tests but their frames (MJPEG_FRAMES names another file of them), because it runs as any
other program would.
"""
import base64
import hashlib
import os
import re
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.camera import FRAMES, jpegs  # noqa: E402

BOUNDARY = b"--a boundary\r\n"
REALM, NONCE = "cam", "0123456789abcdef"


def send_frames(write, log_path, fps, multipart):
    frames = jpegs(os.environ.get("MJPEG_FRAMES", FRAMES))
    begun = time.monotonic()
    with open(log_path, "a", encoding="ascii") as log:
        for number in range(1 << 30):
            time.sleep(max(0, begun + number / fps - time.monotonic()))
            jpeg = frames[number % len(frames)]
            head = BOUNDARY + b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) if multipart else b""
            log.write(f"{number} {time.time_ns() // 1000}\n")
            log.flush()
            write(head + jpeg + (b"\r\n" if multipart else b""))


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def is_allowed(request, method, password):
    """Whether the request has the login, by RFC 7617 or RFC 7616."""
    if method == "basic":
        return "Basic " + base64.b64encode(f"viewer:{password}".encode()).decode() in request
    fields = dict(re.findall(r'(\w+)="?([^",\r]*)', request[request.find("Digest"):] if "Digest" in request else ""))
    wanted = md5(f"{md5(f'viewer:{REALM}:{password}')}:{NONCE}:{md5('GET:' + fields.get('uri', ''))}")
    return fields.get("username") == "viewer" and fields.get("response") == wanted


def answer(client, log_path, fps, method, password):
    request = b""
    while b"\r\n\r\n" not in request:
        more = client.recv(4096)
        if not more:
            return
        request += more
    if is_allowed(request.decode(), method, password):
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=a boundary\r\n\r\n")
        send_frames(client.sendall, log_path, fps, True)
    login = f'Basic realm="{REALM}"' if method == "basic" else f'Digest realm="{REALM}", nonce="{NONCE}"'
    client.sendall(f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {login}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


def serve(log_path, fps, port_file, method, password):
    with socket.create_server(("127.0.0.1", 0)) as server:
        with open(port_file + ".new", "w", encoding="ascii") as file:
            file.write(str(server.getsockname()[1]))
        os.rename(port_file + ".new", port_file)
        while True:
            client, _ = server.accept()
            with client:
                try:
                    answer(client, log_path, fps, method, password)
                except OSError:
                    pass


def main():
    log_path, fps, what, *rest = sys.argv[1:]
    if rest:
        serve(log_path, float(fps), what, *rest)
    elif what in ("plain", "multipart"):
        send_frames(lambda data: os.write(1, data) == len(data) or sys.exit(1), log_path, float(fps), what == "multipart")


if __name__ == "__main__":
    main()
