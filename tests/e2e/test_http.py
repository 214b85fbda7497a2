#!/usr/bin/env python3
"""The HTTP contract: the form of answers, ranges and conditions of clips, and an explanation for every wrong request."""
import datetime
import json
import os
import re
import subprocess
import time
from urllib.parse import urljoin

from support import PROJECT
from support.starved import assert_none_missed
from support.tap import main
from support.times import US, wait_for, wall_us

COMPACT = re.compile(r"\d{8}_\d{6}$")
ISO_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$")


def indexed_until_us(rig):
    """Up to when footage is on the disk; 0 if there is none, or if that is unknown."""
    answer = rig.get("/camera_info")
    until = answer.json()["recording"]["indexed_until"] if answer.status == 200 else None
    return round(datetime.datetime.fromisoformat(until.replace("Z", "+00:00")).timestamp() * US) if until else 0


def past(rig, seconds=2):
    """[from_us, to_us) of the camera's first whole seconds, once they are on the disk."""
    first = wait_for(rig.camera.frames, 60, "frames arrive")[0]
    from_us = -(-first.wall_us // US) * US
    to_us = from_us + seconds * US
    wait_for(lambda: indexed_until_us(rig) > to_us, seconds + 60, f"{seconds} s are on the disk")
    return from_us, to_us


def compact(at_us):
    return time.strftime("%Y%m%d_%H%M%S", time.localtime(at_us // US))


def iso(at_us):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_us // US))


def assert_problem(answer, status, *words):
    assert answer.status == status, f"{answer.status}: {answer.body[:300]!r}"
    assert answer.headers["Content-Type"].startswith("application/problem+json"), answer.headers["Content-Type"]
    problem = answer.json()
    assert problem["status"] == status and len(problem["detail"]) > 10, problem
    for word in words:
        assert word.lower() in problem["detail"].lower(), f"{word!r} is not in: {problem['detail']}"


def test_recordings_have_the_fields_that_scripts_rely_on(rig):
    def newest():
        """The open segment, once it has more than one frame: it may have just begun."""
        answer = rig.get("/recordings")
        assert answer.headers["Content-Type"].startswith("application/json")
        one = answer.json()[0]
        return one if one["state"] == "recording" and one["frames"] > 1 else None
    one = wait_for(newest, 60, "the newest segment is being recorded")
    assert re.fullmatch(r"recording_\d{8}_\d{6}(_\d+)?\.mp4", one["file"]), one
    assert COMPACT.match(one["start_time"]) and COMPACT.match(one["end_time"]), one
    assert one["size"] > 0 and one["duration"] > 0 and one["frames"] > 0, one
    assert ISO_MS.match(one["start"]) and ISO_MS.match(one["end"]), one
    assert (one["codec"], one["state"], one["camera"]) == ("h264", "recording", rig.name), one


def test_recordings_are_newest_first_and_can_be_paged(rig):
    everything = rig.get("/recordings").json()
    assert everything == sorted(everything, key=lambda one: one["start"], reverse=True)
    newest, = rig.get("/recordings?limit=1").json()
    assert newest["file"] in (everything[0]["file"], rig.get("/recordings").json()[0]["file"]), "another segment may begin in between"
    assert rig.get("/recordings?limit=1&offset=100").json() == []
    assert rig.get("/recordings?to=20200101_000000").json() == []


def test_camera_info_has_the_fields_that_scripts_rely_on(rig):
    info = rig.get("/camera_info").json()
    assert info["available_cameras"] == [0] and info["current_camera"] == 0, info
    assert info["resolution"] == {"width": 320, "height": 180}, info
    assert abs(info["fps"] - 30) < 0.01 and isinstance(info["backend"], str), info
    assert info["device"] == "/dev/video0" and info["driver"] == "preload" and info["format"] == "MJPG", info
    assert info["name"] and info["frames"] > 0 and info["state"] == "streaming", info
    assert info["lost"] <= len(rig.camera.frames("missed")), info
    assert_none_missed(rig.camera, rig.delays)


def test_health_is_good_and_metrics_have_the_format_of_prometheus(rig):
    assert rig.get("/health").status == 200
    metrics = rig.get("/metrics")
    assert metrics.status == 200 and metrics.headers["Content-Type"].startswith("text/plain")
    for line in metrics.body.decode().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[a-z_]+(\{[^}]*\})? [-+0-9.eE]+", line), line


def test_a_clip_says_what_it_is(rig):
    from_us, to_us = past(rig)
    answer = rig.footage(from_us, to_us)
    headers = answer.headers
    assert answer.status == 200 and headers["Content-Type"] == "video/mp4"
    assert int(headers["Content-Length"]) == len(answer.body) and headers["Accept-Ranges"] == "bytes"
    assert headers["ETag"].startswith('"') and ".mp4" in headers["Content-Disposition"]
    assert headers["X-Clip-Source"] == "disk" and headers["X-Clip-Spans"] and headers["Server-Timing"]


def test_every_form_of_a_time_names_the_same_clip(rig):
    from_us, to_us = past(rig)
    wanted = rig.footage(from_us, to_us).body
    for start, end in (
            (compact(from_us), compact(to_us)), (compact(from_us) + "_000", compact(to_us) + "_000"), (iso(from_us), iso(to_us)),
            (iso(from_us)[:-1] + "%2B00:00", iso(to_us)[:-1] + ".000%2B0000"), (iso(from_us)[:-1] + "+00:00", iso(to_us)),
            (str(from_us // US), str(to_us // US))):
        answer = rig.get(f"/footage?from={start}&to={end}")
        assert answer.status == 200 and answer.body == wanted, f"{start} to {end}: {answer.status} {answer.body[:200]!r}"
    answer = rig.get(f"/footage?from={compact(from_us)}&duration=2")
    assert answer.status == 200 and answer.body == wanted


def test_head_is_get_without_a_body(rig):
    from_us, to_us = past(rig)
    path = f"/footage?from={from_us // US}&to={to_us // US}"
    got, head = rig.get(path), rig.get(path, "HEAD")
    assert head.status == 200 and head.body == b""
    for name in ("Content-Length", "ETag", "Content-Type", "Accept-Ranges", "X-Clip-Spans"):
        assert head.headers[name] == got.headers[name], name


def test_ranges_are_the_bytes_of_the_whole(rig):
    from_us, to_us = past(rig)
    whole = rig.footage(from_us, to_us).body
    size = len(whole)
    for asked, first, last in (("0-0", 0, 0), ("0-", 0, size - 1), ("100-999", 100, 999), ("-500", size - 500, size - 1),
                               (f"{size - 1}-", size - 1, size - 1), (f"10-{size + 99}", 10, size - 1)):
        answer = rig.footage(from_us, to_us, {"Range": f"bytes={asked}"})
        assert answer.status == 206, (asked, answer.status)
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{size}", (asked, answer.headers["Content-Range"])
        assert answer.body == whole[first:last + 1], asked
    answer = rig.footage(from_us, to_us, {"Range": f"bytes={size}-"})
    assert answer.status == 416 and answer.headers["Content-Range"] == f"bytes */{size}"
    assert rig.footage(from_us, to_us, {"Range": "bytes=5-2"}).status == 200, "an invalid range is ignored"


def test_conditions_of_ranges_are_honoured(rig):
    from_us, to_us = past(rig)
    whole = rig.footage(from_us, to_us)
    tag = whole.headers["ETag"]
    assert rig.footage(from_us, to_us, {"Range": "bytes=10-", "If-Range": tag}).status == 206
    changed = rig.footage(from_us, to_us, {"Range": "bytes=10-", "If-Range": '"another"'})
    assert changed.status == 200 and changed.body == whole.body
    assert rig.footage(from_us, to_us, {"If-None-Match": tag}).status == 304


def test_a_past_clip_resumes_with_curl(rig):
    from_us, to_us = past(rig)
    whole, path = rig.footage(from_us, to_us).body, rig.path("resumed.mp4")
    with open(path, "wb") as file:
        file.write(whole[:1234])
    url = f"http://127.0.0.1:{rig.port}/footage?from={from_us // US}&to={to_us // US}"
    subprocess.run(["curl", "-sS", "--fail", "-C", "-", "-o", path, url], check=True)
    with open(path, "rb") as file:
        assert file.read() == whole


def test_a_moving_range_gets_absolute_times_and_is_not_resumed(rig):
    past(rig)
    answer = rig.get("/footage?from=-2s&to=now")
    assert answer.status == 200 and "from=" in answer.headers["Content-Location"], answer.headers
    assert_problem(rig.get("/footage?from=-2s&to=now", headers={"Range": "bytes=10-"}), 416)


def test_malformed_times_are_refused(rig):
    for wrong in ("", "yesterdays", "last%20week", "20260517", "20260517_10", "20260231_000000", "20260517_250000", "1e9", "now%20now", "%00",
                  "2026-05-17T10", "-5x", "99999999999999999999", "--5s", "%F0%9F%98%80"):
        assert_problem(rig.get(f"/footage?from={wrong}&to=now"), 400, "from")
        assert_problem(rig.get(f"/footage?from=-5s&to={wrong}"), 400, "to")
    assert_problem(rig.get("/footage"), 400, "from")
    assert_problem(rig.get("/footage?from=-5s"), 400, "to")


def test_impossible_ranges_are_refused(rig):
    from_us, to_us = past(rig)
    assert_problem(rig.footage(to_us, from_us), 400)
    assert_problem(rig.footage(from_us, from_us), 400)
    assert_problem(rig.get("/footage?from=20200101_000000&to=20200101_000100"), 404)
    assert_problem(rig.get(f"/footage?from={wall_us() // US + 3600}&to={wall_us() // US + 3700}"), 404)
    assert_problem(rig.get("/footage?from=20200101_000000&to=20210101_000000"), 413)


def test_a_year_that_reaches_into_the_recording_is_too_long(rig):
    assert_problem(rig.get(f"/footage?from={wall_us() // US - 365 * 86400}&to=now"), 413)


def test_nothing_outside_the_folders_can_be_named(rig):
    for wrong in ("../recorder.ini", "..%2Frecorder.ini", "%2e%2e/recorder.ini", "..", "recorder.ini", "recording_index.json",
                  "recording_20260101_000000.idx", "recording_20260101_000000.mp4%00.txt", "recording_20260101_000000.mp4"):
        for folder in ("/recordings/", "/clips/"):
            answer = rig.get(folder + wrong)
            assert answer.status in (400, 404), (folder + wrong, answer.status)
            assert b"[camera]" not in answer.body
    assert_problem(rig.get("/nowhere"), 404)
    assert_problem(rig.get("/recordings/"), 404)


def test_a_query_with_an_unknown_or_repeated_parameter_is_refused(rig):
    for path, words in (
            ("/footage?form=-5s&to=-1s", "form"), ("/footage?from=-5s&from=-4s&to=-1s", "twice"), ("/recordings?form=-1h", "form"),
            ("/footage?from=-5s&to=-1s&duration=2", "duration"), ("/recordings?limit=1&limit=2", "twice"), ("/snapshot?time=-3s", "at"),
            ("/timeline?from=-1h&until=now", "until"), ("/health?verbose=1", "verbose"), ("/camera_info?kamera=x", "kamera"),
            ("/recordings?offset=-1", "offset"), ("/footage?from=20260230_000000&to=now", "does not exist")):
        assert_problem(rig.get(path), 400, words)
    for path in ("/health?_=1716000000&_=2", "/recordings?1716000000", "/snapshot?&width=64&"):
        assert rig.get(path).status == 200, path
    for word in ("/stream", "/footage", "/playlist.m3u8", "/metrics", "/ui/"):
        assert_problem(rig.get("/nothing"), 404, word)


def test_other_methods_are_refused_by_name(rig):
    for method in ("PUT", "DELETE", "POST", "PATCH", "TRACE", "OPTIONS"):
        answer = rig.get("/footage?from=-5s&to=now", method)
        assert answer.status == 405, (method, answer.status)
        assert method == "TRACE" or "GET" in answer.headers["Allow"], (method, "a web server may refuse TRACE itself")


def test_an_unknown_camera_is_named(rig):
    assert_problem(rig.get("/camera_info?camera=other"), 404, "other")
    assert rig.get(f"/camera_info?camera={rig.name}").status == 200


def test_a_query_of_20_kilobytes_is_refused(rig):
    assert rig.get("/footage?from=-5s&to=now&x=" + "a" * 20000).status in (400, 414, 431)
    assert rig.get("/health").status == 200


def test_control_is_refused_unless_the_configuration_allows_it(rig):
    for path, method in (("/clips?from=-5s&to=now&name=x", "POST"), ("/clips/x.mp4", "DELETE")):
        assert_problem(rig.get(path, method), 403, "allow_control")


def assert_site_headers(rig, answer, policy, what, live=False):
    """Each header is there once: a browser may ignore a header with two values. live: an address of the live picture."""
    frames = answer.headers.get_all("Content-Security-Policy")
    assert frames == (None if live else [f"frame-ancestors {rig.frame_ancestors}"]), (what, answer.status, answer.headers.items())
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"], (what, answer.status, answer.headers.items())
    assert answer.headers.get_all("Cross-Origin-Resource-Policy") == [policy], (what, answer.status, answer.headers.items())
    for name in answer.headers:
        assert not name.lower().startswith("access-control"), (what, name)


def test_every_answer_says_what_other_sites_may_do_with_it(rig):
    from_us, to_us = past(rig)
    clip = f"/footage?from={from_us // US}&to={to_us // US}"
    segment = rig.get("/recordings").json()[0]["file"]
    for path in ("/", "/stream", "/?fps=5"):
        assert_site_headers(rig, rig.get(path, "HEAD"), "cross-origin", path, live=True)
    for method in ("GET", "HEAD"):
        assert_site_headers(rig, rig.get("/snapshot", method), "cross-origin", method, live=True)
        for path in ("/snapshot?width=64", "/recordings", f"/recordings/{segment}", f"/recordings/{segment}/init.mp4", clip, "/timeline?from=-5s",
                     "/playlist.m3u8?from=-5s&to=now", "/clips", "/camera_info", "/health", "/metrics"):
            answer = rig.get(path, method)
            assert answer.status == 200, (method, path, answer.status)
            assert_site_headers(rig, answer, "same-origin", (method, path))
    tag = rig.get(clip, "HEAD").headers["ETag"]
    for status, path, method, headers in (
            (206, clip, "GET", {"Range": "bytes=0-9"}), (304, clip, "GET", {"If-None-Match": tag}), (412, clip, "GET", {"If-Match": '"x"'}),
            (416, clip, "GET", {"Range": "bytes=999999999-"}), (400, "/footage", "GET", {}), (404, "/nothing", "GET", {}),
            (405, "/footage", "PUT", {}), (400, "/stream?fps=none", "GET", {}), (404, "/stream?camera=none", "HEAD", {}),
            (405, "/stream", "POST", {}), (401, "/stream", "GET", {"Authorization": "Bearer x"}),
            (401, "/health", "GET", {"Authorization": "Bearer x"}), (421, "/health", "GET", {"Host": "evil.example"})):
        answer = rig.get(path, method, headers)
        assert answer.status == status, (path, method, headers, answer.status)
        assert_site_headers(rig, answer, "same-origin", (path, headers), live=path.startswith("/stream"))


OTHERS = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.example"}, {"Origin": "null"},
          {"Referer": "http://evil.example/page"}, {"Sec-Fetch-Site": "cross-site", "Referer": "http://127.0.0.1/"})


def test_another_site_has_nothing_encoded(rig):
    from_us, to_us = past(rig)
    timelapse = f"/footage?from={from_us // US}&to={to_us // US}&speed=2"
    own = f"127.0.0.1:{rig.port}"
    for path in ("/snapshot?width=64", f"/snapshot?at={from_us // US}", timelapse):
        for headers in OTHERS:
            for method in ("GET", "HEAD"):
                answer = rig.get(path, method, headers)
                assert answer.status == 403, (path, headers, method, answer.status)
            assert_problem(rig.get(path, headers=headers), 403, "http.allow_origin")
        for headers in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": f"http://{own}"},
                        {"Referer": f"http://{own}/ui/"}):
            assert rig.get(path, headers=headers).status == 200, (path, headers)
    for path in ("/snapshot", "/camera_info", f"/footage?from={from_us // US}&to={to_us // US}"):
        for headers in OTHERS:
            assert rig.get(path, headers=headers).status == 200, (path, headers)


def test_a_preflight_of_a_page_that_is_not_listed_is_refused(rig):
    for path in ("/", "/stream", "/footage", "/nothing"):
        answer = rig.get(path, "OPTIONS", {"Origin": "http://dash.example", "Access-Control-Request-Method": "GET"})
        assert_problem(answer, 403, "http.allow_origin")
        assert_site_headers(rig, answer, "same-origin", path, live=path in ("/", "/stream"))


def test_the_page_is_served_with_a_strict_policy(rig):
    moved = rig.get("/ui")
    assert moved.status == 308 and urljoin("/ui", moved.headers["Location"]).endswith("/ui/"), moved.headers
    index = rig.get("/ui/")
    if os.path.exists(os.path.join(PROJECT, "www", "index.html")):
        assert index.status == 200 and index.headers["Content-Type"].startswith("text/html")
        assert "default-src 'none'" in index.headers["Content-Security-Policy"]
    for path in ("/ui/", "/ui/main.js", "/ui/style.css", "/ui/nothing.js"):
        assert rig.get(path).headers["X-Content-Type-Options"] == "nosniff", path
    assert rig.get("/ui/../lighttpd.conf.example").status == 404
    assert rig.get("/ui/%2e%2e/Makefile").status == 404


def test_the_index_for_people_is_json(rig):
    with open(os.path.join(rig.recordings, "recording_index.json"), encoding="utf-8") as index:
        assert json.load(index)


if __name__ == "__main__":
    main(globals())
