#!/usr/bin/env python3
"""An error that keeps recorderd from starting is one sentence and an exit status; what can recover later does not keep it from starting."""
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from support.camera import FRAMES
from support.rig import Rig, program
from support.tap import run_tests
from support.times import US, wait_for, wall_us


def refused(rig, *words, arguments=None, lines=4):
    """Starts recorderd, which must soon end by itself and print all the words in one line."""
    process = rig.start_recorderd() if arguments is None else rig.spawn([program("recorderd"), *arguments], "recorderd.log", os.environ)
    try:
        status = process.wait(60)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"it runs, but should not: {rig.log()}") from late
    log = rig.log()
    assert status not in (0, -signal.SIGSEGV, -signal.SIGABRT), (status, log)
    assert any(all(word.lower() in line.lower() for word in words) for line in log.splitlines()), f"{words}: {log}"
    assert len(log.splitlines()) <= lines, f"more than one sentence: {log}"


def started(rig, *words):
    """Starts recorderd, which must keep running and log each of the words."""
    rig.start_recorderd()
    wait_for(lambda: all(word.lower() in rig.log().lower() for word in words) or rig.recorderd.poll() is not None, 60,
             f"it logs {words}")
    assert rig.recorderd.poll() is None, rig.log()


def broken_ini(section, key, value, *words):
    with Rig(settings={section: {key: value}}) as rig:
        refused(rig, "recorder.ini", *words)


def test_an_unknown_key_is_named():
    broken_ini("camera", "widht", 640, "widht")


def test_an_unknown_section_is_named():
    broken_ini("kamera", "name", "x", "kamera")


def test_a_value_out_of_range_is_named_with_the_allowed_ones():
    broken_ini("record", "segment_seconds", 5, "segment_seconds", "10")
    broken_ini("camera", "fps", "many", "fps")
    broken_ini("camera", "name", "../x", "name")
    broken_ini("record", "codec", "av1", "codec", "h264")
    broken_ini("memory", "minutes", -1, "minutes")


def test_a_file_that_is_not_there_is_named():
    with Rig() as rig:
        refused(rig, "nowhere.ini", arguments=["-c", rig.path("nowhere.ini")])


def test_a_file_that_is_no_configuration_is_refused():
    with Rig() as rig:
        with open(rig.ini, "wb") as ini:
            ini.write(bytes(range(256)) * 40)
        refused(rig, "recorder.ini")


def test_bad_arguments_are_named():
    with Rig() as rig:
        for arguments, *words in ((["--bogus"], "--bogus"), (["-c"], "argument", "c"), (["-t", "stray"], "stray"), (["--json"], "--status"),
                                  (["--days", "3"], "--new-token"), (["-t", "--list-tokens"], "one task")):
            refused(rig, *words, arguments=arguments, lines=12)


def test_a_folder_that_cannot_be_made_is_named():
    with Rig(settings={"record": {"directory": "/proc/recordings"}}) as rig:
        refused(rig, "/proc/recordings")


def test_a_folder_that_is_a_file_is_named():
    with Rig() as rig:
        with open(rig.recordings, "w", encoding="ascii") as file:
            file.write("no folder")
        refused(rig, rig.recordings)


def test_a_second_recorder_of_the_same_name_is_refused():
    with Rig() as rig:
        rig.start_recorderd()
        wait_for(lambda: os.path.exists(f"/dev/shm/recorder.{rig.name}"), 60, "the first recorder has its ring")
        with Rig(name=rig.name) as other:
            refused(other, rig.name)
            assert rig.recorderd.poll() is None, "the first recorder must keep running"
            assert os.path.exists(f"/dev/shm/recorder.{rig.name}")


def test_a_second_recorder_of_the_same_folder_is_refused():
    with Rig() as rig:
        rig.start_recorderd()
        wait_for(lambda: os.path.isdir(rig.recordings) and os.listdir(rig.recordings), 60, "the first recorder has its folder")
        with Rig(settings={"record": {"directory": rig.recordings}}) as other:
            refused(other, rig.recordings)
        assert rig.recorderd.poll() is None, "the first recorder must keep running"


def test_without_a_camera_it_waits_and_health_reports_it():
    with Rig() as rig:
        rig.camera.fault("unplugged")
        started(rig, "/dev/video0")
        rig.start_web()
        wait_for(lambda: rig.get("/camera_info").json().get("state") == "waiting", 60, "/camera_info reports it")
        health = rig.get("/health")
        assert health.status == 503 and "camera" in health.json()["reasons"][0], health.body
        assert rig.get("/recordings").json() == []
        answer = rig.get(f"/footage?from={wall_us() // US - 60}&to={wall_us() // US - 50}")
        assert answer.status == 404, answer.status
        rig.camera.fault("unplugged", 0)
        wait_for(rig.recording, 60, "it records once the camera is there")


def test_a_fallback_camera_is_used_if_that_is_allowed():
    with Rig(cameras=2, settings={"camera": {"device": "/dev/video7", "fallback": "any"}}) as rig:
        rig.start()
        info = wait_for(rig.streaming, 60, "the recorder streams")
        assert info["device"] == "/dev/video0" and "/dev/video7" in str(info), info
        assert info["available_cameras"] == [0, 1], info


def test_no_fallback_camera_is_used_if_that_is_not_allowed():
    with Rig(cameras=2, settings={"camera": {"device": "/dev/video7", "fallback": "none"}}) as rig:
        started(rig, "/dev/video7")
        rig.start_web()
        wait_for(lambda: rig.get("/camera_info").json().get("available_cameras") == [0, 1], 60, "it lists the existing cameras")
        wait_for(lambda: rig.get("/camera_info").json().get("state") == "waiting", 60, "it waits for its own camera")
        assert rig.camera.counter("streams") == 0


def test_a_camera_that_cannot_be_used_is_named_beside_the_test_picture_and_taken_as_soon_as_it_can():
    for fault, number, words in (("open_errno", errno.EACCES, "(/dev/video0): no permission to open the device"),
                                 ("format_errno", errno.EBUSY, "Preloaded camera (/dev/video0) is in use by another program")):
        with Rig(settings={"camera": {"device": "auto", "fallback": "test"}}) as rig:
            rig.camera.fault(fault, number)
            rig.start()
            info = wait_for(rig.streaming, 60, "the recorder streams")
            assert info["source"] == "test" and words in info["fallback"], info
            warnings = rig.get("/health").json()["warnings"]
            assert any(words in one and "recording the test picture instead" in one for one in warnings), warnings
            rig.camera.fault(fault, 0)
            wait_for(lambda of=rig: of.get("/camera_info").json().get("source") == "camera", 60, "the camera is taken")
            wait_for(lambda of=rig: of.get("/health").json()["warnings"] == [], 60, "nothing to warn of")


def test_a_link_that_leads_to_another_camera_than_in_the_last_run_is_named():
    """Two cameras of the same name without serial numbers: their link by-id belongs to the one that was found last."""
    link = "/dev/v4l/by-id/usb-Maker_Webcam-video-index0"
    with Rig(cameras=2, settings={"camera": {"device": link}}) as rig:
        lines = [f"{camera.line} bus=usb-0000:00:14.0-{number + 1} name=Webcam" for number, camera in enumerate(rig.cameras)]

        def start_with_link_to(number):
            for each, camera in enumerate(rig.cameras):
                camera.line = lines[each] + (f" link={link}" if each == number else "")
            rig.start_recorderd()
            wait_for(lambda: rig.streaming()["device"] == f"/dev/video{number}", 60, f"it streams from camera {number}")
            return wait_for(lambda: rig.get("/health").json()["warnings"], 60, "it warns")

        rig.start_web()
        warnings = start_with_link_to(0)
        assert len(warnings) == 1 and f"{link} may lead to either of two cameras of the same name" in warnings[0], warnings
        assert "usb-0000:00:14.0-1 and at usb-0000:00:14.0-2: set camera.device to a link in /dev/v4l/by-path" in warnings[0], warnings
        rig.stop_recorderd()
        warnings = start_with_link_to(1)
        moved = f"{link} leads to the camera at usb-0000:00:14.0-2 now, and led to the one at usb-0000:00:14.0-1 before"
        assert any(moved in one for one in warnings), warnings
        assert rig.log().count(moved) == 1, rig.log()
        rig.stop_recorderd()
        assert not any("led to" in one for one in start_with_link_to(1)), "known by now"


def test_a_camera_of_encoded_video_alone_is_named_with_what_it_offers():
    """Waiting for it, and beside the test picture: the banner of make run has the same sentence."""
    with tempfile.TemporaryDirectory(prefix="recorder-frames.") as folder:
        frames = os.path.join(folder, "h264.frames")
        with open(FRAMES, "rb") as usual, open(frames, "wb") as other:
            header = usual.read(24)
            assert header[16:20] == b"MJPG", header
            other.write(header[:16] + b"H264" + header[20:])
            shutil.copyfileobj(usual, other)
        words = "offers only encoded video (H264), which cannot be recorded: MJPEG or an uncompressed format is needed"
        for fallback, source, status in (("none", "reasons", 503), ("test", "warnings", 200)):
            with Rig(settings={"camera": {"device": "auto", "fallback": fallback}}, frames=frames) as rig:
                started(rig, words)
                rig.start_web()
                wait_for(lambda of=rig, kind=source: any(words in one for one in of.get("/health").json()[kind]), 60,
                         f"/health names it among the {source}")
                assert rig.get("/health").status == status


def test_it_waits_for_a_camera_that_is_in_use():
    with Rig() as rig:
        rig.camera.fault("format_errno", 16)
        started(rig, "in use")
        rig.camera.fault("format_errno", 0)
        rig.start_web()
        wait_for(rig.recording, 60, "it records once the camera is free")


def test_without_ffmpeg_it_says_so_and_keeps_the_live_picture():
    with Rig() as rig:
        rig.environment["PATH"] = rig.path("empty")
        started(rig, "ffmpeg")
        rig.environment["PATH"] = os.environ["PATH"]
        rig.start_web()
        wait_for(lambda: rig.get("/snapshot").status == 200, 60, "there is a picture")
        assert rig.get("/recordings").json() == []
        wait_for(lambda: rig.get("/health").status == 503, 60, "/health reports that nothing is recorded")


def test_the_api_without_a_recorder_says_so():
    with Rig() as rig:
        rig.start_web()
        for path, status in (("/health", 503), ("/camera_info", 503), ("/snapshot", 503), ("/", 503)):
            answer = rig.get(path)
            assert answer.status == status, (path, answer.status, answer.body[:200])
        assert rig.get("/recordings").json() == []


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
