#!/usr/bin/env python3
"""Real answers are what docs/openapi.yaml says."""
import json
import os
import shutil
import subprocess

from support import PROJECT
from support.event_stream import EventStream
from support.rig import Rig
from support.tap import Skipped, main
from support.times import wait_for

CHECK = os.path.join(PROJECT, "tests", "openapi", "check.mjs")

# Valid requests, and invalid ones of each kind.
REQUESTS = [
    ("GET", "/camera_info"), ("GET", "/camera_info?camera=none"), ("GET", "/health"), ("GET", "/metrics"),
    ("GET", "/recordings"), ("GET", "/recordings?limit=0"), ("GET", "/recordings/{segment}"), ("GET", "/recordings/{segment}/init.mp4"),
    ("GET", "/recordings/recording_19700101_000000.mp4"), ("GET", "/timeline?from=-1h&to=now"), ("GET", "/timeline?from=now&to=-1h"),
    ("GET", "/footage?from=-4s&to=-2s"), ("GET", "/footage?from=-4s&duration=2s&speed=2"), ("GET", "/footage?from=-4s&to=now"),
    ("GET", "/footage"), ("GET", "/footage?from=x"), ("GET", "/footage?from=-3h&to=-2h"), ("GET", "/footage?from=-9d&to=-2d"),
    ("GET", "/events"), ("GET", "/events?area=0,0,1"), ("GET", "/events?format=csv"), ("GET", "/motion?from=-1m&step=10"),
    ("GET", "/motion?area=0,0,.5,.5&area=.5,.5,.5,.5&not=0,0,1,0,1,1&strength=clear"), ("GET", "/motion?step=0"), ("GET", "/motion/heatmap"),
    ("GET", "/motion/heatmap?strength=x"), ("GET", "/playlist.m3u8?from=-5s&to=-1s"), ("GET", "/playlist.m3u8?from=x"), ("GET", "/snapshot"), ("GET", "/snapshot?at=-3s&width=64"),
    ("GET", "/snapshot?at=-3h"), ("POST", "/clips?from=-4s&to=-2s&name=door"), ("POST", "/clips?from=-4s&to=-2s&name=door"), ("GET", "/clips"),
    ("GET", "/clips/door.mp4"), ("PATCH", "/clips/door.mp4?label=gate"), ("PATCH", "/clips/door.mp4"), ("PATCH", "/clips/none.mp4?label=x"), ("DELETE", "/clips/door.mp4"), ("DELETE", "/clips/door.mp4"), ("POST", "/control?recording=off"),
    ("POST", "/control?recording=on"), ("POST", "/control?control=brightness&value=3"), ("POST", "/control?control=none&value=3"),
    ("POST", "/control"), ("GET", "/?fps=nonsense"), ("GET", "/live.mp4?frames=nonsense"), ("GET", "/events/live?events=nonsense"),
]
NO_BODY = ("video/", "image/", "text/")


def ask(rig, method, path):
    answer = rig.get(path, method, body=b"" if method == "POST" else None)
    kind = answer.headers.get("Content-Type", "")
    return {"method": method, "path": path, "status": answer.status, "headers": {name.lower(): value for name, value in answer.headers.items()},
            "body": "" if kind.startswith(NO_BODY) else answer.body.decode()}


def checked(answers):
    if not shutil.which("node") or not os.path.isdir(os.path.join(os.path.dirname(CHECK), "node_modules")):
        raise Skipped("node, or the npm packages of tests/openapi, are not installed")
    done = subprocess.run(["node", CHECK], input="".join(json.dumps(answer) + "\n" for answer in answers), capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def assert_good(answers):
    lines = checked(answers)
    assert len(lines) == len(answers) + 1
    assert all(line.startswith("good") for line in lines), "\n".join(line for line in lines if not line.startswith("good"))


def test_answers_are_what_the_document_says(rig):
    wait_for(lambda: len(rig.camera.frames()) > 60, 60, "some footage")
    rig.camera.fault("unplugged")
    try:
        wait_for(lambda: rig.get("/health").status == 503, 60, "/health reports that the camera is gone")
        answers = [ask(rig, "GET", "/health"), ask(rig, "GET", "/camera_info")]
    finally:
        rig.camera.fault("unplugged", 0)
    wait_for(lambda: rig.get("/health").status == 200, 60, "the camera is back")
    before = len(rig.camera.frames())
    wait_for(lambda: len(rig.camera.frames()) > before + 180, 60, "some more seconds")
    segment = rig.get("/recordings").json()[-1]["file"]
    answers += [ask(rig, method, path.format(segment=segment)) for method, path in REQUESTS]
    assert_good(answers)


def test_live_events_are_what_the_document_says(rig):
    with EventStream(rig, "?last_event_id=0000000000000000-1") as stream:
        values = [stream.event(), stream.event()]
        rig.camera.fault("unplugged")
        try:
            values.append(stream.until("camera-lost"))
        finally:
            rig.camera.fault("unplugged", 0)
        values += [stream.until("camera-back"), stream.until("segment")]
    schemas = {"lost": "loss", "state": "state"}
    assert_good([{"schema": schemas.get(value["event"], "notification"), "value": value} for value in values])


def info_with(rig, name):
    """An answer of /camera_info that has a value under that name."""
    def asked():
        answer = ask(rig, "GET", "/camera_info")
        return answer if answer["status"] == 200 and json.loads(answer["body"]).get(name) is not None else None
    return wait_for(asked, 60, f"/camera_info has {name}")


def test_a_slow_camera_is_what_the_document_says(rig):
    path = "/control?control=exposure_dynamic_framerate&value=on"
    wait_for(lambda: rig.get(path, "POST", body=b"").status == 200, 60, "the control is taken")
    rig.camera.fault("slow", 2)
    try:
        answer = info_with(rig, "slow")
    finally:
        rig.camera.fault("slow", 0)
    assert_good([answer])


def test_a_fallback_camera_is_what_the_document_says(_):
    for settings, name in (({"device": "/dev/video7", "fallback": "any"}, "fallback"), ({"device": "/dev/video7", "fallback": "test"}, "fallback"),
                           ({"device": "test"}, "current_camera")):
        with Rig(cameras=2 if settings.get("fallback") == "any" else 1, settings={"camera": settings}) as other:
            other.camera.fault("unplugged", 0 if settings.get("fallback") == "any" else 1)
            other.start_recorderd()
            other.start_web()
            assert_good([info_with(other, name), ask(other, "GET", "/health")])


def test_a_wrong_answer_is_noticed(rig):
    answer = ask(rig, "GET", "/recordings")
    listed = json.loads(answer["body"])
    listed[0]["size"] = str(listed[0]["size"])
    more = [dict(one, new=1) for one in json.loads(answer["body"])]
    lines = checked([answer, dict(answer, body=json.dumps(listed)), dict(answer, body=json.dumps(more)), dict(answer, status=299),
                     dict(answer, path="/nothing")])
    assert [line.split()[0] for line in lines] == ["good", "good", "bad", "bad", "bad", "bad"], lines


if __name__ == "__main__":
    main(globals(), settings={"http": {"allow_control": "yes"}, "motion": {"enabled": "yes"}})
