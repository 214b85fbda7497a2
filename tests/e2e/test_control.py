#!/usr/bin/env python3
"""What can be changed while the recorder runs: recording off and on, and the camera's controls."""
import json
import os
import signal
import socket
import subprocess
import threading

from support.exact import just_after, second_after
from support.rig import Rig, user_folder
from support.tap import main
from support.times import PATIENCE_S, US, wait_for
from support.viewer import Viewer

# Exits with 1 if it got an answer.
STRANGER = """
import socket, sys
with socket.socket(socket.AF_UNIX) as client:
    client.settimeout(10)
    try:
        client.connect(sys.argv[1])
        client.sendall(b'{"recording":"off"}\\n')
        reply = client.recv(100)
    except OSError:
        reply = b""
sys.exit(1 if reply else 0)
"""


def post(rig, query, **headers):
    return rig.get(f"/control?{query}", "POST", headers=headers)


def info(rig):
    return rig.get("/camera_info").json()


def control(rig, name):
    return next(one for one in info(rig)["controls"] if one["name"] == name)


def refused(answer, status, word):
    assert answer.status == status and word in answer.detail, (answer.status, answer.body)


def ask_socket(rig, line):
    """The recorder's answer to a line on its control socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE_S)
        client.connect(user_folder(f"{rig.name}.control"))
        client.sendall(line)
        return json.loads(client.makefile().read())


def test_the_camera_s_controls_are_listed_with_their_ranges(rig):
    wait_for(lambda: "controls" in info(rig), PATIENCE_S, "the controls are published")
    one = control(rig, "brightness")
    wanted = {"name": "brightness", "label": "Brightness", "type": "integer", "min": 0, "max": 255, "step": 1, "default": 128, "value": 128}
    assert one == wanted, one
    assert control(rig, "white_balance_automatic")["type"] == "boolean"
    assert not any("controls" in device for device in info(rig)["devices"])


def test_a_control_that_was_set_has_its_value_at_once(rig):
    answer = post(rig, "control=brightness&value=200")
    assert answer.status == 200, answer.body
    assert answer.json() == {"control": "brightness", "value": 200, "camera": rig.name}, answer.body
    assert control(rig, "brightness")["value"] == 200
    assert post(rig, "control=white_balance_automatic&value=off").json()["value"] == 0


def test_names_of_other_versions_of_linux_are_understood(rig):
    for old, name in (("white_balance_temperature_auto", "white_balance_automatic"), ("focus_auto", "focus_automatic_continuous"),
                      ("exposure_auto_priority", "exposure_dynamic_framerate")):
        for value in (0, 1):
            assert post(rig, f"control={old}&value={value}").json()["value"] == value
            assert control(rig, name)["value"] == value, name
    refused(post(rig, "control=exposure_auto&value=1"), 400, "has no control")  # this camera has none under any name


def test_a_wrong_control_or_value_is_refused_with_the_allowed_ones(rig):
    before = control(rig, "brightness")["value"]
    refused(post(rig, "control=brightness&value=256"), 400, "0 to 255")
    refused(post(rig, "control=brightness&value=bright"), 400, "0 to 255")
    refused(post(rig, "control=zoom&value=1"), 400, "brightness, contrast")
    refused(post(rig, "control=%22%0a&value=1"), 400, "name")
    refused(post(rig, "control=brightness"), 400, "value=")
    refused(post(rig, "recording=maybe"), 400, "on or off")
    refused(post(rig, ""), 400, "recording=off")
    refused(post(rig, "recording=off&control=brightness&value=1"), 400, "recording=off")
    assert control(rig, "brightness")["value"] == before


def test_only_a_same_site_post_changes_anything(rig):
    answer = rig.get("/control?recording=off")
    assert answer.status == 405 and answer.headers["Allow"] == "POST", (answer.status, answer.headers)
    refused(post(rig, "recording=off", Origin="http://elsewhere.example"), 403, "another site")
    assert info(rig)["recording"]["state"] == "recording"


def test_recording_off_is_a_gap_while_live_view_and_memory_continue(rig):
    before_us = second_after(rig.camera.newest())
    rig.new_frames(40)
    answer = post(rig, "recording=off")
    assert answer.status == 200 and answer.json() == {"recording": "off", "camera": rig.name}, answer.body
    assert info(rig)["recording"]["state"] == "off"
    off_us = second_after(rig.camera.newest())
    wait_for(lambda: rig.get("/recordings").json()[0]["state"] == "complete", PATIENCE_S, "the segment is closed")
    frames = info(rig)["frames"]
    rig.new_frames(75)
    health = rig.get("/health")
    assert health.status == 200 and "switched off" in health.json()["warnings"][0], health.body
    wait_for(lambda: info(rig)["state"] == "streaming" and info(rig)["frames"] > frames + 30, PATIENCE_S, "frames keep arriving")
    on_us = just_after(rig.camera.newest())
    assert post(rig, "recording=on").json()["recording"] == "on"
    wait_for(lambda: info(rig)["recording"]["state"] == "recording", PATIENCE_S, "frames are recorded again")
    rig.new_frames(60)
    end_us = just_after(rig.camera.newest())
    rig.indexed()
    line = rig.get(f"/timeline?from={before_us / US:.6f}&to={end_us / US:.6f}").json()
    causes = [gap["cause"] for gap in line["gaps"]]
    assert causes == ["recording off"], line
    clip = rig.footage(off_us, on_us)
    assert clip.status == 200 and clip.headers["X-Clip-Source"] == "memory", (clip.status, clip.headers)


def assert_off(rig):
    """What is told while the camera is off."""
    assert info(rig)["state"] == "off"
    frames = info(rig)["frames"]
    for path in ("/", "/live.mp4", "/snapshot"):
        refused(rig.get(path), 503, "switched off")
    health = rig.get("/health")
    assert health.status == 200 and any("camera is switched off" in one for one in health.json()["warnings"]), health.body
    ongoing = wait_for(lambda: rig.get("/timeline?from=-1h&to=now").json()["ongoing"], PATIENCE_S, "the gap is noticed")
    assert ongoing["cause"] == "camera off", ongoing
    assert info(rig)["frames"] == frames, "there are frames of a camera that is off"


def test_a_camera_that_is_switched_off_is_closed_and_live_view_says_so(rig):
    before_us = second_after(rig.camera.newest())
    rig.new_frames(40)
    with Viewer(rig) as viewer:
        viewer.part()
        refused(post(rig, "camera=off&recording=off"), 400, "camera=off")
        refused(post(rig, f"camera={rig.name}&camera=elsewhere&camera=off"), 400, "camera=off")
        answer = post(rig, f"camera={rig.name}&camera=off")
        assert answer.status == 200 and answer.json() == {"power": "off", "camera": rig.name}, answer.body
        try:
            while viewer.stream.read(65536):  # until the stream ends
                pass
            assert_off(rig)
        finally:
            assert post(rig, "camera=on").json()["power"] == "on"
    wait_for(lambda: info(rig)["state"] == "streaming", PATIENCE_S, "it is on again")
    rig.new_frames(60)
    end_us = just_after(rig.camera.newest())
    rig.indexed()
    line = rig.get(f"/timeline?from={before_us / US:.6f}&to={end_us / US:.6f}").json()
    assert [gap["cause"] for gap in line["gaps"]] == ["camera off"], line


def test_a_camera_that_is_slow_because_of_its_exposure_is_explained(rig):
    assert "slow" not in info(rig)
    rig.camera.fault("slow", 2)
    assert post(rig, "control=exposure_dynamic_framerate&value=on").status == 200
    text = wait_for(lambda: info(rig).get("slow"), PATIENCE_S, "the rate is explained")
    assert "exposure_dynamic_framerate" in text and "of 30.0" in text, text
    post(rig, "control=exposure_dynamic_framerate&value=off")
    wait_for(lambda: "slow" not in info(rig), PATIENCE_S, "the explanation is gone")
    rig.camera.fault("slow", 0)


def test_nonsense_on_the_socket_is_refused_and_changes_nothing(rig):
    assert ask_socket(rig, b"hello\n")["outcome"] == "refused"
    assert ask_socket(rig, b'{"recording":"off"'.ljust(4096))["outcome"] == "refused"
    assert info(rig)["recording"]["state"] == "recording"


def test_a_process_of_another_user_is_refused(rig):
    if os.geteuid() != 0:
        return  # only root can become another user
    done = subprocess.run(["/usr/bin/python3", "-c", STRANGER, user_folder(f"{rig.name}.control")], user=65534, group=65534,
                          extra_groups=[], check=False)
    assert done.returncode == 0
    assert info(rig)["recording"]["state"] == "recording"


def test_silent_clients_of_the_socket_leave_room_for_others(rig):
    silent = []
    for _ in range(4):
        silent.append(socket.socket(socket.AF_UNIX))
        silent[-1].connect(user_folder(f"{rig.name}.control"))
    assert post(rig, "control=contrast&value=40").status == 200
    for client in silent:
        client.close()


def test_a_recorder_that_hangs_blocks_nobody_else(rig):
    rig.recorderd.send_signal(signal.SIGSTOP)
    try:
        answers = []
        asking = threading.Thread(target=lambda: answers.append(post(rig, "control=contrast&value=41")))
        asking.start()
        assert rig.get("/recordings").status == 200
        asking.join(PATIENCE_S)
        refused(answers[0], 503, "in time")
    finally:
        rig.recorderd.send_signal(signal.SIGCONT)
    wait_for(lambda: post(rig, "control=contrast&value=42").status == 200, PATIENCE_S, "it accepts changes again")


def test_without_a_camera_its_controls_are_unavailable(rig):
    rig.camera.fault("unplugged")
    wait_for(lambda: info(rig)["state"] == "waiting", PATIENCE_S, "the camera is gone")
    refused(post(rig, "control=contrast&value=50"), 503, "no camera")
    rig.camera.fault("unplugged", 0)
    wait_for(rig.streaming, PATIENCE_S, "the camera is back")


def test_without_a_recorder_nothing_can_be_changed(rig):
    assert rig.stop_recorderd() == 0
    answer = post(rig, "recording=off")
    refused(answer, 503, "not running")
    assert answer.headers["Retry-After"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def streams_again(rig, fps):
    answer = rig.get("/setup", "GET")
    return answer.status == 200 and answer.json()["fps"] == fps and info(rig)["state"] == "streaming"


def test_a_choice_of_the_set_up_is_written_and_the_same_process_starts_again_with_its_frames(rig):
    wait_for(lambda: info(rig)["state"] == "streaming", PATIENCE_S, "the camera streams")
    with open(rig.ini, "a", encoding="utf-8") as file:
        file.write("; mine\n")
    before, chosen, oldest = read(rig.ini), rig.get("/setup").json(), info(rig)["memory"]["from"]
    assert chosen["file"] == rig.ini and chosen["fps"] == 30 and chosen["camera"] == rig.name, chosen
    for fps in (20, 30):
        answer = rig.get(f"/setup?fps={fps}", "POST")
        assert answer.status == 200 and answer.json()["restarts"] is True, (answer.status, answer.body)
        assert f"fps = {fps}\n" in read(rig.ini) and "; mine\n" in read(rig.ini), read(rig.ini)
        wait_for(lambda fps=fps: streams_again(rig, fps), PATIENCE_S, "it runs with that")
    assert rig.recorderd.poll() is None, "it is the same process"
    assert info(rig)["memory"]["from"] == oldest, "the frames in memory stay"
    assert read(rig.ini).replace("fps = 30\n", "") == before.replace("fps = 30\n", "")


def test_a_choice_with_which_it_would_not_start_changes_nothing(rig):
    before = read(rig.ini)
    refused(rig.get("/setup?fps=9999", "POST"), 400, "fps")
    refused(rig.get("/setup?format=gif", "POST"), 400, "format")
    refused(rig.get("/setup?device=a%0Ab", "POST"), 400, "device")
    refused(rig.get("/setup?control=brightness", "POST"), 400, "NAME:VALUE")
    refused(rig.get("/setup", "POST"), 400, "choose")
    assert read(rig.ini) == before, read(rig.ini)
    assert not [name for name in os.listdir(rig.folder) if name.endswith(".part")], os.listdir(rig.folder)


if __name__ == "__main__":
    main(globals(), before=Rig.restore, settings={"http": {"allow_control": "yes"}})
