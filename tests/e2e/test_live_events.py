#!/usr/bin/env python3
"""Events as they happen: /events/live, behind each web server, and across restarts of everything."""
import os

from support import webserver
from support.event_stream import EventStream
from support.rig import Rig
from support.tap import main
from support.times import PATIENCE_S, time_us, wait_for, wall_us

CLIENTS = 12
TESTED = {"http": {"max_event_clients": CLIENTS, "allow_control": "yes", "allow_origin": "http://ha.example"}}


def placed(rig, query="", headers=None):
    """A stream, once it is accepted: a client that has left is counted for a moment longer."""
    def one():
        stream = EventStream(rig, query, headers)
        if stream.status == 200:
            return stream
        stream.__exit__()
        return None
    return wait_for(one, PATIENCE_S, "the stream is accepted")


def switch_recording(rig, stream):
    """Both notifications about that."""
    told = []
    for value in ("off", "on"):
        assert rig.get(f"/control?recording={value}", "POST").status == 200
        told.append(stream.until(f"recording-{value}"))
    return told


def assert_told_at_once(rig):
    with placed(rig) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream", stream.headers
        assert "no-store" in stream.headers["Cache-Control"], stream.headers
        state = stream.event()
        assert state["event"] == "state" and state["running"] and state["camera"] == rig.name, state
        before_us = wall_us()
        off, on = switch_recording(rig, stream)
        assert before_us <= off["time"] * 1e6 < on["time"] * 1e6 <= wall_us(), (off, on)
        assert time_us(off["time_text"]) == round(off["time"] * 1e6), off
        assert stream.last_id == on["id"]
    with placed(rig, headers={"Last-Event-ID": off["id"]}) as again:
        assert again.until("recording-on", "recording-off", "lost") == on
        assert again.until("state", "lost")["running"]


def test_events_are_told_at_once_behind_each_web_server(rig):
    for name, server in webserver.SERVERS.items():
        if not server.installed():
            continue
        rig.stop()
        rig.server_name = name
        rig.start()  # a recorder that has told nothing yet tells every change at once
        wait_for(rig.streaming, PATIENCE_S, f"the recorder runs behind {name}")
        assert_told_at_once(rig)
        rig.stop_web()
        log = rig.path("access.log")
        if os.path.exists(log):
            with open(log, encoding="utf-8") as lines:
                assert "/events/live" not in lines.read(), f"{name} logs streams that did not fail"
    rig.server_name = os.environ.get("WEB_SERVER", "lighttpd")
    rig.start_web()


def test_the_stream_goes_on_with_another_recorder_and_the_ids_with_everything(rig):
    rig.stop_recorderd()
    rig.arguments = ("--keep-memory",)
    rig.restore()
    with placed(rig, "?events=started,stopping,camera-lost") as stream:
        stream.until("state")
        rig.stop_recorderd()
        stopping = stream.until("stopping")
        rig.start_recorderd()
        rig.arguments = ()
        started = stream.until("started")
        assert started["id"].split("-")[0] == stopping["id"].split("-")[0], (stopping, started)
    rig.stop_web()
    rig.start_web()
    with placed(rig, "?events=started,stopping&last_event_id=" + stopping["id"]) as stream:
        assert stream.until("started", "lost") == started
    with placed(rig, "?last_event_id=0000000000000000-7") as stream:
        assert stream.event()["event"] == "lost"
        assert stream.event()["running"]


def test_a_recorder_that_was_killed_is_not_running_until_it_is_back(rig):
    with placed(rig) as stream:
        assert stream.until("state")["running"]
        rig.stop_recorderd(9)
        assert not stream.until("state")["running"]
        with placed(rig) as late:
            gone = late.until("state")
            assert not gone["running"] and gone["recording"] is None and gone["motion"] is None, gone
        rig.start_recorderd()
        stream.until("started")


def test_wrong_requests_are_refused(rig):
    for query, status in (("events=motion", 400), ("area=1", 400), ("join=0", 400), ("last_event_id=7", 400), ("fps=5", 400), ("camera=other", 404)):
        answer = rig.get("/events/live?" + query)
        assert answer.status == status and answer.detail, query
    assert "motion-begin" in rig.get("/events/live?events=segment,motion-begin").detail
    assert rig.get("/events/live", "POST").status == 405


def test_a_page_of_a_listed_site_may_continue_a_stream(rig):
    asked = {"Origin": "http://ha.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization,last-event-id"}
    answer = rig.get("/events/live", "OPTIONS", headers=asked)
    assert answer.status == 204, answer.status
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "last-event-id" in allowed and "authorization" in allowed, allowed


def test_one_client_too_many_gets_a_503(rig):
    streams = [placed(rig) for _ in range(CLIENTS)]
    with EventStream(rig) as extra:
        assert extra.status == 503 and extra.headers["Retry-After"], extra.headers
        assert "max_event_clients" in extra.response.read().decode()
    assert rig.get("/events/live", "HEAD").status == 200
    for stream in streams:
        stream.__exit__()


if __name__ == "__main__":
    main(globals(), before=Rig.restore, settings=TESTED)
