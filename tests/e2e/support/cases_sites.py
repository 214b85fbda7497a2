"""Pages of other sites, through a real web server: only those that http.allow_origin names may read."""
from support.times import US
from test_http import assert_problem, past

DASHBOARD, HOME = "http://dash.example:8123", "https://ha.example"
LISTED = f"{DASHBOARD} {HOME}"
OTHERS = ("http://evil.example", "http://dash.example", "https://dash.example:8123", "http://ha.example", "null", f"{HOME}.evil.example")
EXPOSED = {"X-Clip-Source", "X-Clip-Spans", "X-Clip-Start", "X-Clip-Unknown", "X-Live-Video", "X-Timestamp", "Content-Range", "ETag", "Retry-After"}


FRAMERS = f"{DASHBOARD} {HOME}"


def words(answer, name):
    """The words in all lines of a header; a web server may join the lines."""
    return {word.strip() for line in answer.headers.get_all(name, []) for word in line.split(",")}


def assert_reads(answer, origin, what):
    assert answer.headers.get_all("Access-Control-Allow-Origin") == [origin], (what, answer.status, answer.headers.items())
    assert words(answer, "Access-Control-Expose-Headers") == EXPOSED, what
    assert answer.headers.get_all("Cross-Origin-Resource-Policy") == ["cross-origin"], what
    assert "Origin" in words(answer, "Vary") and "Access-Control-Allow-Credentials" not in answer.headers, what


def assert_no_reader(answer, what):
    assert "Access-Control-Allow-Origin" not in answer.headers, (what, answer.headers.items())
    assert "Origin" in words(answer, "Vary"), (what, answer.headers.items())


def preflight(rig, path, origin, method="GET", headers=None):
    return rig.get(path, "OPTIONS", {"Origin": origin, "Access-Control-Request-Method": method,
                                     "Access-Control-Request-Headers": "authorization,range", **(headers or {})})


def test_a_listed_page_reads_every_kind_of_answer(rig):
    from_us, to_us = past(rig)
    clip = f"/footage?from={from_us // US}&to={to_us // US}"
    tag = rig.get(clip, "HEAD").headers["ETag"]
    for path, headers, status in (
            ("/camera_info", {}, 200), ("/recordings", {}, 200), ("/snapshot", {}, 200), ("/snapshot?width=64", {}, 200), (clip, {}, 200),
            (clip + "&speed=2", {}, 200), (clip, {"Range": "bytes=0-9"}, 206), (clip, {"If-None-Match": tag}, 304), ("/footage", {}, 400),
            ("/nothing", {}, 404), ("/stream?fps=none", {}, 400), (clip, {"Range": "bytes=999999999-"}, 416),
            ("/recordings", {"Authorization": "Bearer x"}, 401)):
        for origin in (DASHBOARD, HOME):
            answer = rig.get(path, headers=dict(headers, Origin=origin))
            assert answer.status == status, (path, headers, answer.status)
            assert_reads(answer, origin, (path, headers))
        assert_no_reader(rig.get(path, headers=dict(headers)), path)
    for path in ("/", "/stream"):
        assert_reads(rig.get(path, "HEAD", {"Origin": HOME}), HOME, path)
        assert_no_reader(rig.get(path, "HEAD"), path)


def test_only_listed_pages_may_have_the_page_and_answers_in_a_frame(rig):
    for path in ("/ui/", "/ui/main.js", "/recordings", "/nothing", "/snapshot?width=64"):
        policies = rig.get(path).headers.get_all("Content-Security-Policy")
        assert len(policies) == 1, (path, policies)
        frames = [rule for rule in policies[0].split("; ") if rule.startswith("frame-ancestors ")]
        assert frames == [f"frame-ancestors {FRAMERS}"], (path, policies)


def test_a_page_that_is_not_listed_reads_nothing(rig):
    for origin in OTHERS:
        for path in ("/camera_info", "/snapshot", "/nothing"):
            assert_no_reader(rig.get(path, headers={"Origin": origin}), (path, origin))
        assert_no_reader(rig.get("/stream", "HEAD", {"Origin": origin}), origin)
        for path in ("/stream", "/footage"):
            answer = preflight(rig, path, origin)
            assert_problem(answer, 403, "http.allow_origin")
            assert_no_reader(answer, (path, origin))


def test_a_listed_page_may_show_a_scaled_picture(rig):
    """An <img> sends no Origin, so the Referer counts."""
    answer = rig.get("/snapshot?width=64", headers={"Sec-Fetch-Site": "cross-site", "Referer": f"{DASHBOARD}/board?1"})
    assert answer.status == 200 and answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin", answer.headers.items()
    assert "Referer" in words(answer, "Vary"), answer.headers.items()
    assert rig.get("/snapshot?width=64", headers={"Sec-Fetch-Site": "cross-site", "Origin": HOME}).status == 200
    assert rig.get("/snapshot?width=64", headers={"Referer": "http://dash.example:81/board"}).status == 403


def test_a_preflight_of_a_listed_page_gets_the_same_answer_for_every_path(rig):
    for path in ("/", "/stream", "/?action=stream", "/snapshot?at=-3s", "/footage", "/nothing", "/stream?camera=none", "/footage?camera=none"):
        for host in ({}, {"Host": "evil.example"}):
            answer = preflight(rig, path, HOME, headers=host)
            assert answer.status == 204 and answer.body == b"", (path, answer.status, answer.body)
            assert answer.headers.get_all("Access-Control-Allow-Origin") == [HOME], answer.headers.items()
            assert words(answer, "Access-Control-Allow-Headers") == {"Authorization", "Range", "If-Range", "Last-Event-ID"}
            assert words(answer, "Access-Control-Allow-Methods") == {"GET", "HEAD"}
            assert "Access-Control-Allow-Credentials" not in answer.headers and "Origin" in words(answer, "Vary")


def test_a_listed_page_changes_nothing(rig):
    for method, path in (("POST", "/control?recording=on"), ("POST", "/clips?from=-5s&to=-2s&name=x"), ("DELETE", "/clips/x.mp4")):
        answer = rig.get(path, method, {"Origin": HOME})
        assert answer.status == 403 and "another site" in answer.detail, (path, answer.status)
        assert_no_reader(answer, path)
        answer = preflight(rig, path, HOME, method)
        assert answer.status == 403, (path, answer.status)
        assert_no_reader(answer, path)
