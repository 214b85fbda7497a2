"""A viewer of the live stream, part by part."""

from support.camera import jpeg_number, jpegs_by_hash
from support.times import PATIENCE_S, wait_for

NUMBERS = jpegs_by_hash()


class Viewer:
    """Reads parts of a multipart/x-mixed-replace answer from its socket."""

    def __init__(self, rig, path="/", headers="", version="1.0"):
        """headers: lines that end with CRLF."""
        self.socket = rig.connect(PATIENCE_S)
        self.socket.sendall(f"GET {path} HTTP/{version}\r\nHost: localhost\r\n{headers}\r\n".encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        self.headers = self.read_headers()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()

    def read_headers(self):
        headers = {}
        while True:
            line = self.stream.readline().decode("latin-1").rstrip("\r\n")
            if not line:
                return headers
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()

    def part(self):
        """(headers, JPEG) of the next part."""
        boundary = self.headers["content-type"].split("boundary=")[1].strip('"')
        line = self.stream.readline()
        while line in (b"\r\n", b"\n"):
            line = self.stream.readline()
        assert line.rstrip() == b"--" + boundary.encode(), line
        headers = self.read_headers()
        return headers, self.stream.read(int(headers["content-length"]))

    def numbers(self, count):
        """The frame numbers of the next `count` parts; None for a picture that the camera never sent."""
        return [jpeg_number(NUMBERS, self.part()[1]) for _ in range(count)]


def placed(rig, path="/"):
    """A viewer, once it is accepted: a viewer that has left is counted for a moment longer."""
    def one():
        viewer = Viewer(rig, path)
        if viewer.status == 200:
            return viewer
        viewer.close()
        return None
    return wait_for(one, PATIENCE_S, f"a viewer of {path} is accepted")
