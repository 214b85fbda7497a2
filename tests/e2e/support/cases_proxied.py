"""The recorder below a path of somebody's proxy: https://home/cam/ leads to it, and all that it names stays there."""
import re
import urllib.parse

from support.fronts import NginxFront, NginxHttp2Front
from support.tap import Skipped
from support.times import US
from test_http import past

COMPRESSES = {"Accept-Encoding": "gzip"}
PERIOD_FRAMES = 30  # of the camera, between two pictures of a viewer that takes one per second


def check_page(rig, front):
    if rig.server_name != "apache":  # which makes each Location an absolute one (docs/webservers.md)
        moved = front.get("/cam/ui")
        place = urllib.parse.urljoin("/cam/ui", moved.headers["Location"])
        assert moved.status == 308 and place == "/cam/ui/", moved.headers.items()
    page = front.get("/cam/ui/")
    assert page.status == 200, page.status
    for name in re.findall(r'(?:href|src)="([^"#]+)"', page.body.decode()):
        address = urllib.parse.urljoin("/cam/ui/", name)
        assert address.startswith("/cam/") and (address == "/cam/" or front.get(address, "HEAD").status == 200), name
    script = front.get("/cam/ui/api.js").body.decode()
    assert "ROOT = origin + pathname" in script, "the page asks elsewhere than where it is"


def check_locations(rig, front):
    from_us, to_us = past(rig, 3)
    made = front.get(f"/cam/clips?from={from_us // US}&to={to_us // US}&name=proxied", "POST")
    assert made.status == 201, (made.status, made.body)
    kept = urllib.parse.urljoin("/cam/clips", made.headers["Location"])
    assert kept.startswith("/cam/") and front.get(kept).status == 200, made.headers.items()
    assert front.get(kept, "DELETE").status == 200
    clip = front.get("/cam/footage?from=-4s&to=-1s")
    absolute = urllib.parse.urljoin("/cam/footage", clip.headers["Content-Location"])
    assert absolute.startswith("/cam/") and front.get(absolute).body == clip.body, clip.headers.items()
    playlist = front.get(f"/cam/playlist.m3u8?from={from_us // US}&to={to_us // US}").body.decode()
    parts = set(re.findall(r'URI="([^"]+)"|^([^#\n]+)$', playlist, re.M))
    assert parts, playlist
    for quoted, line in parts:
        address = urllib.parse.urljoin("/cam/playlist.m3u8", quoted or line)
        assert address.startswith("/cam/") and front.get(address, "HEAD").status == 200, address


def check_ranges(rig, front):
    from_us, to_us = past(rig, 3)
    path = f"/cam/footage?from={from_us // US}&to={to_us // US}"
    whole = front.get(path, headers=COMPRESSES)
    assert whole.status == 200 and whole.body[4:8] == b"ftyp", whole.headers.items()
    assert int(whole.headers["Content-Length"]) == len(whole.body), whole.headers.items()
    tag = whole.headers["ETag"]
    part = front.get(path, headers={"Range": "bytes=10-99", "If-Range": tag, **COMPRESSES})
    assert part.status == 206 and part.body == whole.body[10:100], (part.status, tag, part.headers.items())
    assert front.get(path, "HEAD", COMPRESSES).headers["ETag"] == tag
    assert front.get(path, headers={"If-None-Match": tag, **COMPRESSES}).status == 304


def check_pictures(rig, front):
    for path in ("/cam/snapshot", "/cam/?action=snapshot"):  # printers' web servers lead /webcam/ to a camera
        picture = front.get(path, headers=COMPRESSES)
        assert picture.body[:2] == b"\xff\xd8" and "content-encoding" not in picture.headers, picture.headers.items()
    with front.viewer("/cam/stream?fps=1", "Accept-Encoding: gzip\r\n") as viewer:
        assert viewer.status == 200 and "content-encoding" not in viewer.headers, viewer.headers
        behind = []
        while len(behind) < 5 and min(behind, default=PERIOD_FRAMES) >= PERIOD_FRAMES // 2:
            number, = viewer.numbers(1)
            behind.append((rig.camera.newest().number - number) % 9000)
        assert min(behind) < PERIOD_FRAMES // 2, f"each picture comes with the next one: {behind} frames late"


def check_everything(rig, front):
    check_page(rig, front)
    check_locations(rig, front)
    check_ranges(rig, front)
    check_pictures(rig, front)


def test_below_a_path_everything_leads_back_to_it(rig):
    with NginxFront(rig) as front:
        check_page(rig, front)
        check_locations(rig, front)
        check_ranges(rig, front)


def test_everything_works_through_a_proxy_that_speaks_http_2(rig):
    if NginxHttp2Front.missing():
        raise Skipped(NginxHttp2Front.missing())
    with NginxHttp2Front(rig) as front:
        check_everything(rig, front)
