"""The recorder below a path of somebody's proxy: https://home/cam/ leads to it, and everything that it names stays there."""
import contextlib
import http.client
import os
import re
import socket
import urllib.parse

from support import webserver
from support.rig import Answer, free_port
from support.times import PATIENCE_S, US, wait_for
from support.viewer import Viewer
from test_http import past

FRONT = """
{user}
daemon off;
worker_processes 1;
pid "{folder}/front.pid";
error_log "{folder}/front.log";
events {{ worker_connections 100; }}
http {{
	access_log off;
	proxy_temp_path "{folder}/front";
	gzip on;
	gzip_proxied any;
	gzip_types text/css text/javascript application/json application/vnd.apple.mpegurl;
	server {{
		listen 127.0.0.1:{port};
		location /cam/ {{
			proxy_pass http://127.0.0.1:{recorder}/;
		}}
	}}
}}
"""


class Front:
    """nginx as people set it up: its defaults, compression, and two lines for the recorder."""

    def __init__(self, rig):
        self.rig, self.port = rig, free_port()
        path = rig.path("front.conf")
        user = f"user {webserver.USER};" if os.geteuid() == 0 else ""
        with open(path, "w", encoding="utf-8") as file:
            file.write(FRONT.format(folder=rig.folder, port=self.port, recorder=rig.port, user=user))
        search = dict(rig.environment, PATH=webserver.SEARCH)
        self.process = rig.spawn(["nginx", "-c", path], "front.log", search)

    def __enter__(self):
        wait_for(self.answers, PATIENCE_S, "the proxy accepts connections")
        return self

    def __exit__(self, *_):
        self.rig.stop_process(self.process)

    def answers(self):
        with contextlib.suppress(OSError):
            return self.get("/nothing").status == 404
        return False

    def connect(self, timeout=PATIENCE_S):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def get(self, path, method="GET", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


def test_the_page_below_a_path_names_nothing_outside_of_it(rig):
    with Front(rig) as front:
        moved = front.get("/cam/ui")
        assert moved.status == 308 and urllib.parse.urljoin("/cam/ui", moved.headers["Location"]) == "/cam/ui/", moved.headers
        page = front.get("/cam/ui/")
        assert page.status == 200, page.status
        for name in re.findall(r'(?:href|src)="([^"#]+)"', page.body.decode()):
            address = urllib.parse.urljoin("/cam/ui/", name)
            assert address.startswith("/cam/") and (address == "/cam/" or front.get(address).status == 200), name
        script = front.get("/cam/ui/api.js").body.decode()
        assert "location?.pathname" in script, "the page asks elsewhere than where it is"


def test_locations_below_a_path_lead_back_to_it(rig):
    from_us, to_us = past(rig, 3)
    with Front(rig) as front:
        made = front.get(f"/cam/clips?from={from_us // US}&to={to_us // US}&name=proxied", "POST")
        assert made.status == 201, (made.status, made.body)
        kept = urllib.parse.urljoin("/cam/clips", made.headers["Location"])
        assert kept.startswith("/cam/") and front.get(kept).status == 200, made.headers
        assert front.get(kept, "DELETE").status == 200
        clip = front.get("/cam/footage?from=-4s&to=-1s")
        absolute = urllib.parse.urljoin("/cam/footage", clip.headers["Content-Location"])
        assert absolute.startswith("/cam/") and front.get(absolute).body == clip.body, clip.headers
        playlist = front.get(f"/cam/playlist.m3u8?from={from_us // US}&to={to_us // US}").body.decode()
        parts = set(re.findall(r'URI="([^"]+)"', playlist)) | {line for line in playlist.splitlines() if line and line[0] != "#"}
        assert parts, playlist
        for part in parts:
            address = urllib.parse.urljoin("/cam/playlist.m3u8", part)
            assert address.startswith("/cam/") and front.get(address, "HEAD").status == 200, part


def test_ranges_and_pictures_pass_a_proxy_that_compresses(rig):
    from_us, to_us = past(rig, 3)
    path = f"/cam/footage?from={from_us // US}&to={to_us // US}"
    with Front(rig) as front:
        accept = {"Accept-Encoding": "gzip"}
        whole = front.get(path, headers=accept)
        assert whole.status == 200 and whole.body[4:8] == b"ftyp", whole.headers
        tag = whole.headers["ETag"]
        part = front.get(path, headers={"Range": "bytes=10-99", "If-Range": tag, **accept})
        assert part.status == 206 and part.body == whole.body[10:100], (part.status, tag, part.headers)
        picture = front.get("/cam/snapshot", headers=accept)
        assert picture.body[:2] == b"\xff\xd8" and "content-encoding" not in picture.headers, picture.headers
        with Viewer(front, "/cam/stream", version="1.1", headers="Accept-Encoding: gzip\r\n") as viewer:
            assert "content-encoding" not in viewer.headers, viewer.headers
