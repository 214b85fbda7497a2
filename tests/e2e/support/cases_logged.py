"""What a web server's access log has: requests that clients repeat all day are in it only if they fail."""
import os

from support.times import PATIENCE_S, wait_for
from test_http import past

REPEATED = ("/snapshot?_=1", "/camera_info?_=2", "/health?_=3", "/metrics?_=4", "/timeline?from=-1m&to=now&_=5", "/events?_=7", "/motion?_=8",
            "/motion/heatmap?_=9", "/live.m3u8?_=10")


def log_of(rig):
    path = rig.path("access.log")
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def test_pictures_and_status_do_not_fill_the_access_log(rig):
    from_us, to_us = past(rig, 1)
    for path in REPEATED:
        wait_for(lambda path=path: rig.get(path).status == 200, PATIENCE_S, f"an answer for {path}")
    assert rig.get("/snapshot?width=none").status == 400
    assert rig.get(f"/footage?from={from_us / 1e6}&to={to_us / 1e6}&_=6").status == 200
    if os.environ.get("WEB_SERVER", "lighttpd") == "lighttpd":  # which logs no request unless it is told to
        assert not log_of(rig)
        return
    wait_for(lambda: "_=6" in log_of(rig), 20, "the clip is in the access log")
    assert "/snapshot?width=none" in log_of(rig), "a request that failed is missing"
    log = log_of(rig)  # in which an answer of 503 may be, as while all live viewers are taken
    repeated = [path for path in REPEATED if f'{path} HTTP/1.1" 200 ' in log]
    assert not repeated, repeated
