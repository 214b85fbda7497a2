"""Addresses that other programs use by default, asked as these programs ask: printers' dashboards, Motion, ZoneMinder, Home Assistant."""
import re

from support.camera import jpeg_number
from support.viewer import NUMBERS, Viewer

STREAMS = ("/", "/stream", "/?action=stream", "/?action=stream&1763540000000", "/stream.mjpg", "/video", "/video?fps=5&_=7",
           "/stream.mjpg?t=1763540000000")
PICTURES = ("/?action=snapshot", "/?action=snapshot&1763540000000", "/?action=snapshot&cacheBust=1763", "/snapshot.jpg",
            "/snapshot.jpg?_=1", "/snapshot", "/snapshot?bypassCache=1763540000000", "/snapshot?rnd=0.8437")
REFUSED = (("/?action=command", "stream or snapshot"), ("/?action=", "stream or snapshot"), ("/stream?action=snapshot", '"action"'),
           ("/?actoin=snapshot", '"actoin"'), ("/stream?resolution=640x480", '"resolution"'), ("/video?fp=5", '"fp"'),
           ("/?action=snapshot&action=stream", "twice"), ("/snapshot?widht=320", '"widht"'), ("/snapshot.jpg?cam=2", '"cam"'),
           ("/health?t=1763540000000", '"t"'))


def test_a_stream_is_not_chunked_for_programs_that_speak_http_1_1(rig):
    for path in STREAMS:
        with Viewer(rig, path, version="1.1") as viewer:
            assert viewer.status == 200, (path, viewer.status)
            assert "transfer-encoding" not in viewer.headers, (path, viewer.headers)
            assert viewer.headers.get("connection", "close") == "close", (path, viewer.headers)
            numbers = viewer.numbers(3)
            assert None not in numbers and len(set(numbers)) > 1, (path, numbers)


def test_a_request_for_a_picture_gets_one_jpeg_and_the_answer_ends(rig):
    for path in PICTURES:
        answer = rig.get(path)
        assert answer.status == 200 and answer.headers["content-type"] == "image/jpeg", (path, answer.status, answer.body[:300])
        assert int(answer.headers["content-length"]) == len(answer.body), path
        assert jpeg_number(NUMBERS, answer.body) is not None, path
        assert answer.headers["cache-control"].startswith("no-store") and "no-transform" in answer.headers["cache-control"] and "x-timestamp" in answer.headers, (path, answer.headers)
        part = rig.get(path, headers={"Range": "bytes=100-199"})  # each request gets another picture
        assert part.status == 200 and part.headers["accept-ranges"] in ("none", None), (path, part.status, part.headers)
        assert jpeg_number(NUMBERS, part.body) is not None, path
        head = rig.get(path, "HEAD")
        assert head.status == 200 and not head.body and head.headers["content-type"] == "image/jpeg", (path, head.headers)


def test_unknown_actions_and_parameters_are_refused_by_both_programs(rig):
    for path, word in REFUSED:
        answer = rig.get(path)
        assert answer.status == 400 and word in answer.detail, (path, answer.status, answer.body[:300])


def words(header):
    return set(re.split(r",\s*", header))


def test_a_person_at_the_root_gets_a_page_with_the_picture_and_programs_get_the_stream(rig):
    html = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    image = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
    varied = {"Accept", "Sec-Fetch-Mode"}
    for headers in ({"Accept": "*/*", "Sec-Fetch-Mode": "navigate"}, {"Accept": html}, {"Accept": html, "Sec-Fetch-Mode": "navigate"}):
        for method in ("GET", "HEAD"):
            answer = rig.get("/", method, headers)
            assert answer.status == 200 and answer.headers["content-type"] == "text/html; charset=utf-8", (headers, answer.headers.items())
            assert varied <= words(", ".join(answer.headers.get_all("vary"))), answer.headers.items()
            assert answer.headers["x-content-type-options"] == "nosniff", answer.headers.items()
            assert "default-src 'none'" in answer.headers["content-security-policy"], answer.headers.items()
            assert not answer.body if method == "HEAD" else b'<img src="stream"' in answer.body and b'href="ui/"' in answer.body, answer.body
    for lines in ("", "Accept: */*\r\n", f"Accept: {image}\r\n", f"Accept: {html}\r\nSec-Fetch-Mode: no-cors\r\n"):
        with Viewer(rig, "/", version="1.1", headers=lines) as viewer:
            assert viewer.status == 200 and viewer.headers["content-type"].startswith("multipart/x-mixed-replace"), (lines, viewer.headers)
            assert varied <= words(viewer.headers["vary"]), viewer.headers
            assert None not in viewer.numbers(2), lines
