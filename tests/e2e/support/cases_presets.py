"""Addresses that other programs use by default, asked as these programs ask: printers' dashboards, Motion, ZoneMinder, Home Assistant."""
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
