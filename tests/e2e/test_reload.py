#!/usr/bin/env python3
"""The recorder as its administrator and a service manager see it: its state in words, and a configuration that changes while it records."""
import json
import os
import signal
import socket
import subprocess
import time

from support.rig import Rig, program
from support.tap import main
from support.times import wait_for


def recorderd(*arguments):
    return subprocess.run([program("recorderd"), *arguments], capture_output=True, text=True, check=False)


def status(rig, *more):
    return recorderd("--status", "-c", rig.ini, *more)


def reload_with(rig, settings, *words):
    """Reloads, and waits until each of the words is in the log after that."""
    before = len(rig.log())
    rig.write_ini(settings)
    rig.recorderd.send_signal(signal.SIGHUP)
    wait_for(lambda: all(word in rig.log()[before:] for word in words), 60, f"it logs {words}: {rig.log()[before:]}")
    return rig.log()[before:]


def as_at_first(rig):
    """Restores the settings that the recorder began with, whatever a previous case has left."""
    reload_with(rig, {}, "was read again")


def control_value(rig, name):
    return next(one for one in rig.get("/camera_info").json()["controls"] if one["name"] == name)["value"]


def test_status_reports_a_recorder_that_records(rig):
    wait_for(lambda: status(rig).returncode == 0, 60, "the recorder is healthy")
    done = status(rig)
    assert done.returncode == 0 and ": recording\n" in done.stdout and "/dev/video0" in done.stdout, done
    assert not done.stderr, done.stderr


def test_its_state_comes_as_json(rig):
    wait_for(lambda: status(rig).returncode == 0, 60, "the recorder is healthy")
    one, = json.loads(status(rig, "--json").stdout)
    assert one["camera"] == rig.name and one["status"] == "ok" and one["state"] == "streaming", one
    assert one["failures"] == [] and one["recording"]["state"] == "recording", one


def test_what_can_change_is_applied_and_named(rig):
    as_at_first(rig)
    logged = reload_with(rig, {"retention": {"hours": 5}, "clips": {"max_mb": 77}, "log": {"level": "debug"}}, "applied: ")
    assert "retention.hours, clips.max_mb, log.level" in logged and "restart" not in logged, logged


def test_the_camera_gets_its_new_controls(rig):
    wait_for(lambda: "controls" in rig.get("/camera_info").json(), 60, "the controls are published")
    assert control_value(rig, "brightness") == 128
    reload_with(rig, {"controls": {"brightness": 77}}, "controls")
    wait_for(lambda: control_value(rig, "brightness") == 77, 60, "the camera has the new value")


def test_the_workers_follow_a_recorder_that_reloads(rig):
    as_at_first(rig)
    wait_for(lambda: rig.get("/control?recording=on", "POST").status == 403, 60, "the workers refuse it")
    reload_with(rig, {"http": {"allow_control": "yes"}}, "http.allow_control")
    wait_for(lambda: rig.get("/control?recording=on", "POST").status == 200, 60, "the workers allow it")


def test_both_programs_apply_new_origins_and_host_names(rig):
    as_at_first(rig)
    page = {"Origin": "http://dash.example", "Host": "cam.example"}

    def lets_in(path):
        answer = rig.get(path, "HEAD", page)
        return answer.status == 200 and answer.headers["Access-Control-Allow-Origin"] == page["Origin"]
    for path in ("/camera_info", "/stream"):
        wait_for(lambda asked=path: rig.get(asked, "HEAD", page).status == 421, 60, f"the name is not known to {path}")
    logged = reload_with(rig, {"http": {"allow_origin": page["Origin"], "hosts": page["Host"]}}, "applied: ")
    assert "http.hosts, http.allow_origin" in logged and "restart" not in logged, logged
    for path in ("/camera_info", "/stream"):
        wait_for(lambda asked=path: lets_in(asked), 60, f"the page may read {path}")


def test_recorder_live_applies_a_new_log_level(_):
    page = {"Origin": "http://dash.example"}
    with Rig({"log": {"level": "error"}}) as rig:
        rig.start()
        rig.write_ini({"http": {"allow_origin": page["Origin"]}})
        rig.recorderd.send_signal(signal.SIGHUP)
        wait_for(lambda: "Access-Control-Allow-Origin" in rig.get("/stream", "HEAD", page).headers, 60, "recorder-live has read it again")
        rig.stop_recorderd()
        wait_for(lambda: "the recorder is not running" in rig.log("lighttpd.log"), 60, "it logs that the recorder is not running")


def test_the_workers_reload_on_sighup(rig):
    reload_with(rig, {"http": {"allow_control": "yes"}}, "was read again")
    wait_for(lambda: rig.get("/control?recording=on", "POST").status == 200, 60, "the workers allow it")
    rig.write_ini({})
    masters = subprocess.run(["pgrep", "-P", str(rig.web.pid), "recorder-api"], capture_output=True, text=True, check=False).stdout.split()
    assert len(masters) == 1, masters
    os.kill(int(masters[0]), signal.SIGHUP)
    wait_for(lambda: rig.get("/control?recording=on", "POST").status == 403, 60, "the workers refuse it again")


def test_what_needs_a_restart_is_named_and_not_applied(rig):
    as_at_first(rig)
    frames = rig.get("/camera_info").json()["frames"]
    logged = reload_with(rig, {"camera": {"fps": 5}, "memory": {"minutes": 1}, "retention": {"hours": 9}}, "restart")
    assert "need a restart: camera.fps, memory.minutes" in logged, logged
    assert "applied: retention.hours" in logged, logged
    wait_for(lambda: rig.get("/camera_info").json()["frames"] > frames + 60, 60, "it continues at 30 frames per second")


def test_a_broken_file_changes_nothing_and_is_reported(rig):
    reload_with(rig, {"retention": {"hours": 9}}, "was read again")
    reload_with(rig, {"retention": {"hours": "many"}}, "hours = many", "stay as they were")
    assert recorderd("-t", "-c", rig.ini).returncode == 1
    assert rig.recorderd.poll() is None and rig.streaming()
    logged = reload_with(rig, {"retention": {"hours": 9}}, "was read again")
    assert "retention" not in logged.split("was read again")[1], logged


def test_outside_of_its_hours_it_records_nothing_and_says_until_when(rig):
    as_at_first(rig)
    wait_for(lambda: rig.get("/camera_info").json()["recording"]["indexed_until"], 60, "it has recorded")
    far = time.localtime(time.time() + 3 * 86400)
    reload_with(rig, {"record": {"hours": time.strftime("%a", far)}}, "outside of record.hours")
    recording = wait_for(lambda: (one := rig.get("/camera_info").json()["recording"])["state"] == "off" and one, 60, "it is off")
    assert recording["off_cause"] == "schedule" and recording["on_at"].startswith(time.strftime("%Y-%m-%dT00:00:00", far)), recording
    health = rig.get("/health")
    assert health.status == 200 and any("record.hours" in warning for warning in health.json()["warnings"]), health.body
    assert rig.get("/snapshot").status == 200
    ongoing = wait_for(lambda: rig.get("/timeline?from=-1h&to=now").json()["ongoing"], 60, "the gap is noticed")
    assert ongoing["cause"] == "schedule", ongoing
    reload_with(rig, {}, "recording switched on")
    wait_for(lambda: "schedule" in [gap["cause"] for gap in rig.get("/timeline?from=-1h&to=now").json()["gaps"]], 60, "it records again")
    assert rig.get("/camera_info").json()["recording"]["off_cause"] is None


def far_day():
    """The name of a day of the week that is not near."""
    return time.strftime("%a", time.localtime(time.time() + 3 * 86400))


def test_outside_of_its_hours_the_camera_can_be_off_and_the_memory_empty(rig):
    as_at_first(rig)
    wait_for(rig.streaming, 60, "frames arrive")
    rig.new_frames(5)
    last = rig.camera.newest().wall_us
    reload_with(rig, {"record": {"hours": far_day(), "outside_hours": "off"}, "http": {"allow_control": "yes"}}, "emptying the memory")
    info = wait_for(lambda: (info := rig.get("/camera_info").json())["memory"]["frames"] == 0 and info, 60, "the memory is empty")
    assert (info["state"], info["camera_off_cause"], info["recording"]["off_cause"]) == ("off", "schedule", "schedule"), info
    for path in ("/", "/snapshot", "/live.mp4", "/live.m3u8"):
        wait_for(lambda path=path: rig.get(path).status == 503, 60, f"{path} is refused")
        assert "outside of record.hours" in rig.get(path).detail, (path, rig.get(path).body)
    assert any("outside of record.hours" in warning for warning in rig.get("/health").json()["warnings"])
    sent = len(rig.camera.frames())
    clip = rig.footage(last - 100000, last + 1)
    assert clip.status == 200 and clip.headers["X-Clip-Source"] == "disk", "what belongs to the hours was recorded"
    assert len(rig.camera.frames()) == sent, "the camera is closed"
    wait_for(lambda: rig.get("/control?camera=on", "POST").status == 200, 60, "the workers allow it")
    wait_for(rig.streaming, 60, "somebody has switched it on")
    as_at_first(rig)
    wait_for(lambda: rig.streaming() and rig.get("/camera_info").json()["recording"]["state"] == "recording", 60, "it records again")
    causes = [gap["cause"] for gap in rig.get(f"/timeline?from={last / 1000000}&to=now").json()["gaps"]]
    assert set(causes) == {"schedule"}, causes  # the one of the previous case may end in that second


def test_a_recorder_that_starts_outside_of_its_hours_opens_no_camera(rig):
    as_at_first(rig)
    wait_for(rig.streaming, 60, "frames arrive")
    rig.write_ini({"record": {"hours": far_day(), "outside_hours": "off"}})
    rig.stop_recorderd(signal.SIGKILL)
    opened = rig.camera.counter("streams")
    rig.start_recorderd()
    wait_for(lambda: (info := rig.get("/camera_info").json())["state"] == "off" and info["memory"]["frames"] == 0, 60, "it is off")
    assert rig.camera.counter("streams") == opened
    as_at_first(rig)
    wait_for(rig.streaming, 60, "the camera is on again")


def test_status_reports_a_recorder_that_does_not_record(rig):
    rig.camera.fault("unplugged")
    try:
        wait_for(lambda: status(rig).returncode == 1, 60, "--status reports it")
        done = status(rig)
    finally:
        rig.camera.fault("unplugged", 0)
    assert "NOT recording as it should" in done.stdout and "failure" in done.stdout, done
    wait_for(lambda: status(rig).returncode == 0, 60, "it records again")


def test_status_reports_that_no_recorder_runs(rig):
    rig.stop_recorderd()
    done = status(rig)
    assert done.returncode == 3 and "no recorder" in done.stdout, done
    assert json.loads(status(rig, "-j").stdout)[0]["status"] == "absent"


def test_a_service_manager_is_notified_from_start_to_end(rig):
    rig.stop_recorderd()
    path = rig.path("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(60)
        rig.environment.update(NOTIFY_SOCKET=path, WATCHDOG_USEC="1000000")
        rig.start_recorderd()
        for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
            del rig.environment[name]
        heard = []

        def hear(word):
            while not any(word in one for one in heard):
                heard.append(manager.recv(4096).decode())

        hear("READY=1")
        assert os.path.exists(f"/dev/shm/recorder.{rig.name}")
        hear("WATCHDOG=1")
        hear("STATUS=recording: 320x180 MJPG at 30 frames/s from /dev/video0")
        heard.clear()
        rig.recorderd.send_signal(signal.SIGHUP)
        hear("RELOADING=1\nMONOTONIC_USEC=")
        hear("READY=1")
        rig.recorderd.terminate()
        hear("STOPPING=1")
        rig.stop_recorderd()


def test_long_options_work(_rig):
    assert recorderd("--version").stdout.startswith("recorderd ")
    assert "--status" in recorderd("--help").stdout
    assert recorderd("--json").returncode == 2 and recorderd("--status", "left over").returncode == 2
    assert recorderd("--check", "--config", "/nowhere.ini").returncode == 1


if __name__ == "__main__":
    main(globals())
