"""Random ranges and conditions of RFC 9110: behind any web server, the answer is a part of the whole."""
import os
import random
import subprocess
from urllib.parse import urljoin

from support.times import US
from test_http import past

RANGES = 60  # of each kind
VARIES = (None, "Origin, Referer", "Origin,Referer")  # only if http.allow_origin names pages; Apache joins words in its own way


def files(rig):
    """[(path, whole answer)] of files that never change: a clip, and the oldest complete recording, if there is one."""
    from_us, to_us = past(rig)
    paths = [f"/footage?from={from_us // US}&to={to_us // US}"]
    paths += [f"/recordings/{one['file']}" for one in rig.get("/recordings").json() if one["state"] == "complete"][-1:]
    return [(path, rig.get(path)) for path in paths]


def expected(first, last, size):
    """[begin, end) of "bytes=first-last" (either may be None); None if it is not satisfiable."""
    if first is None:
        return (max(0, size - last), size) if last > 0 else None
    if first >= size:
        return None
    return first, size if last is None else min(last + 1, size)


def random_range(size):
    """Near the edges more often than elsewhere."""
    def place():
        return random.choice((random.randrange(size), random.randrange(16), size - 8 + random.randrange(16)))
    kind = random.randrange(4)
    if kind == 0:
        return None, place()
    if kind == 1:
        return place(), None
    first = place()
    return first, first + (random.randrange(40) if kind == 2 else random.randrange(size))


def header_of(first, last):
    return f"bytes={'' if first is None else first}-{'' if last is None else last}"


def assert_slice(answer, whole, first, last):
    size = len(whole)
    place = expected(first, last, size)
    asked = header_of(first, last)
    if place is None:
        assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}"), (asked, answer.status)
        return
    begin, end = place
    assert answer.status == 206, (asked, size, answer.status)
    assert answer.headers["Content-Range"] == f"bytes {begin}-{end - 1}/{size}", (asked, answer.headers["Content-Range"])
    assert answer.headers["Content-Length"] == str(end - begin), (asked, answer.headers.items())
    assert answer.body == whole[begin:end], (asked, "other bytes")


def test_random_ranges_are_slices_of_the_whole(rig):
    for path, whole in files(rig):
        for _ in range(RANGES):
            first, last = random_range(len(whole.body))
            assert_slice(rig.get(path, headers={"Range": header_of(first, last)}), whole.body, first, last)


def test_random_ranges_put_together_are_the_file(rig):
    for path, whole in files(rig):
        pieces = b""
        while len(pieces) < len(whole.body):
            last = len(pieces) + random.randrange(len(whole.body) // 8)
            pieces += rig.get(path, headers={"Range": f"bytes={len(pieces)}-{last}", "If-Range": whole.headers["ETag"]}).body
        assert pieces == whole.body


def test_several_ranges_get_the_whole(rig):
    for path, whole in files(rig):
        for asked in ("bytes=0-9,20-29", "bytes=0-0,-1", "bytes=5-,0-4", "bytes=" + ",".join(f"{at}-{at}" for at in range(0, 900, 2))):
            answer = rig.get(path, headers={"Range": asked})
            assert answer.status == 200 and answer.body == whole.body, (asked, answer.status)


def test_malformed_ranges_get_the_whole(rig):
    for path, whole in files(rig):
        for asked in ("bytes=", "bytes=-", "bytes=9-3", "bytes=a-b", "items=0-9", "bytes", "bytes=0x0-0x9", "bytes=1-2-3", "bytes=--5"):
            answer = rig.get(path, headers={"Range": asked})
            assert answer.status == 200 and answer.body == whole.body, (asked, answer.status)


def test_a_number_that_is_too_large_is_beyond_the_end(rig):
    for path, whole in files(rig):
        assert rig.get(path, headers={"Range": f"bytes={2 ** 64 + 5}-"}).status == 416
        assert rig.get(path, headers={"Range": f"bytes=3-{2 ** 64 + 5}"}).body == whole.body[3:]


def test_if_range_matches_only_the_same_entity_tag(rig):
    for path, whole in files(rig):
        tag = whole.headers["ETag"]
        ranged = {"Range": "bytes=7-"}
        assert rig.get(path, headers={**ranged, "If-Range": tag}).body == whole.body[7:]
        for other in ('"other"', "W/" + tag, "Sun, 22 Nov 2020 10:00:00 GMT", "Sun, 22 Nov 2099 10:00:00 GMT", tag.strip('"')):
            answer = rig.get(path, headers={**ranged, "If-Range": other})
            assert answer.status == 200 and answer.body == whole.body, (other, answer.status)


def test_if_none_match_is_answered_without_a_body(rig):
    for path, whole in files(rig):
        tag = whole.headers["ETag"]
        for listed in (tag, "W/" + tag, f'"a", {tag}', "*"):
            for method in ("GET", "HEAD"):
                answer = rig.get(path, method, {"If-None-Match": listed})
                assert answer.status == 304 and answer.body == b"" and answer.headers["ETag"] == tag, (listed, answer.status)
        for listed in ('"other"', tag.strip('"')):
            assert rig.get(path, headers={"If-None-Match": listed}).body == whole.body, listed
        assert rig.get(path, headers={"If-None-Match": tag, "Range": "bytes=1-5"}).status == 304


def test_if_match_is_refused_for_another_file(rig):
    for path, whole in files(rig):
        tag = whole.headers["ETag"]
        for listed in (tag, f'"a", {tag}', "*"):
            assert rig.get(path, headers={"If-Match": listed, "Range": "bytes=1-5"}).body == whole.body[1:6], listed
        for listed in ('"other"', "W/" + tag, tag.strip('"')):
            answer = rig.get(path, headers={"If-Match": listed, "If-None-Match": tag})
            assert answer.status == 412 and answer.detail, (listed, answer.status)


def test_dates_in_conditions_are_ignored(rig):
    for path, whole in files(rig):
        assert "Last-Modified" not in whole.headers and whole.headers.get("Vary") in VARIES, whole.headers.items()
        assert rig.get(path, headers={"If-Modified-Since": "Sun, 22 Nov 2099 10:00:00 GMT"}).status == 200
        assert rig.get(path, headers={"If-Unmodified-Since": "Sun, 22 Nov 2020 10:00:00 GMT"}).status == 200


def test_head_has_the_headers_of_get(rig):
    for path, whole in files(rig):
        for ranged in ({}, {"Range": "bytes=10-19"}):
            got, head = rig.get(path, headers=ranged), rig.get(path, "HEAD", ranged)
            assert head.body == b"" and got.headers["Content-Length"] == str(len(got.body)), got.headers.items()
            assert head.status == 200 and head.headers["Content-Length"] == str(len(whole.body)), (ranged, head.status, head.headers.items())
            assert "Content-Range" not in head.headers, "ranges are defined only for GET"
            for name in ("ETag", "Content-Type", "Accept-Ranges"):
                assert head.headers[name] == got.headers[name], (name, head.headers.items())


def test_curl_continues_an_interrupted_download(rig):
    for path, whole in files(rig):
        file_name = rig.path("resumed.mp4")
        have = random.randrange(1, len(whole.body))
        with open(file_name, "wb") as file:
            file.write(whole.body[:have])
        subprocess.run(["curl", "-sS", "--fail", "-C", "-", "-o", file_name, f"http://127.0.0.1:{rig.port}{path}"], check=True)
        with open(file_name, "rb") as file:
            assert file.read() == whole.body, have
        os.unlink(file_name)


def test_a_moving_range_is_resumed_only_with_its_entity_tag(rig):
    past(rig, 4)
    path = "/footage?from=-3s&to=-1s"
    answer = rig.get(path)
    assert answer.status == 200 and "from=" in answer.headers["Content-Location"], answer.headers.items()
    beyond = rig.get(path, headers={"Range": "bytes=10-"})
    assert beyond.status == 416 and "can still change" in beyond.detail, (beyond.status, beyond.body[:200])
    assert rig.get(path, headers={"Range": "bytes=0-9"}).status == 206, "players begin like this"
    resumed = rig.get(urljoin("/footage", answer.headers["Content-Location"]), headers={"Range": "bytes=10-"})
    assert resumed.status == 206 and resumed.body == answer.body[10:]
    assert rig.get(path, headers={"Range": "bytes=10-", "If-Range": '"of another moment"'}).status == 200


def test_the_web_server_saw_no_dead_worker(rig):
    """Every answer is ended properly, even if the client leaves with the last byte."""
    if os.path.exists(rig.path("lighttpd.log")):
        assert "unexpected end-of-file" not in rig.log("lighttpd.log"), rig.log("lighttpd.log")
