#!/usr/bin/env python3
"""The workers and the recorder's FFmpeg do all their work in a sandbox, even if folders, rings and files are created after they have started."""
import functools
import os
import shutil
import subprocess

from support import webserver
from support.rig import Rig, program, sanitizer_of
from support.tap import main
from support.times import US, wait_for


def workers(rig, name):
    """{pid: /proc/PID/status} of the processes of a program that this rig's web server has started."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                command = file.read().split(b"\0")[0].decode()
            with open(f"/proc/{entry}/status", encoding="ascii", errors="replace") as file:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        except OSError:
            continue
        if command == rig.path(name):
            found[int(entry)] = status
    return found


def locked(rig):
    return rig.get("/health").json()["sandbox"]


def answers(rig, path, times=12):
    """The statuses of so many requests that each worker gets one."""
    return {rig.get(path).status for _ in range(times)}


def to_known_state(rig):
    """The recorder runs, records and has some seconds on the disk, whatever a previous case has left. Returns [from, to) of two of them, in seconds."""
    if rig.recorderd is None or rig.recorderd.poll() is not None:
        rig.start_recorderd()
    wait_for(lambda: rig.get("/control?recording=on", "POST").status == 200, 60, "recording can be switched on")
    first = new_frames(rig, 1)
    second = -(-first.wall_us // US)
    wait_for(lambda: rig.camera.frames()[-1].wall_us > (second + 3) * US, 60, "some seconds have passed")
    wait_for(lambda: served_from(rig, second, "disk"), 60, "they are on the disk")
    return second, second + 2


def new_frames(rig, count):
    """Waits for that many more frames, and returns the last."""
    before = len(rig.camera.frames())
    return wait_for(lambda: rig.camera.frames()[before + count - 1:], 60, f"{count} more frames")[0]


def served_from(rig, second, source):
    return rig.get(f"/footage?from={second}&to={second + 2}").headers.get("X-Clip-Source") == source


def open_segment(rig):
    """The file that is being recorded, once it has frames."""
    answer = rig.get("/recordings")
    listed = answer.json() if answer.status == 200 else []
    return next((one["file"] for one in listed if one["state"] == "recording" and one["frames"] > 0), None)


def test_health_and_the_log_report_the_sandbox(rig):
    sandbox = locked(rig)
    assert set(sandbox) == {"landlock", "seccomp", "encoders"}, sandbox
    if sanitizer_of(program("recorder-api")):
        assert sandbox["landlock"] is None and sandbox["seccomp"] is False, sandbox
    expected = "sandboxed by" if sandbox["landlock"] and sandbox["seccomp"] else "sandbox incomplete"
    log = functools.partial(rig.log, "lighttpd.log")
    wait_for(lambda: f"api: {expected}" in log() and f"live: {expected}" in log(), 30, f"both are {expected}: {log()}")


def test_the_kernel_says_the_same(rig):
    if not locked(rig)["seccomp"]:
        return
    modes = [status["Seccomp"] for status in workers(rig, "recorder-api").values()]
    assert modes.count("2") >= 4, modes
    modes = [status["Seccomp"] for status in workers(rig, "recorder-live").values()]
    assert modes.count("2") == 1, modes


def test_the_recorders_ffmpeg_is_sandboxed_as_well(rig):
    to_known_state(rig)
    wait_for(lambda: locked(rig)["encoders"][0]["known"], 60, "the sandbox of FFmpeg is known")
    here, (encoder,) = locked(rig), locked(rig)["encoders"]
    assert encoder["camera"] == rig.name, encoder
    if sanitizer_of(program("recorderd")) == sanitizer_of(program("recorder-api")):
        assert (encoder["landlock"], encoder["seccomp"]) == (here["landlock"], here["seccomp"]), here
    complete = encoder["landlock"] and encoder["seccomp"]
    assert (encoder["missing"] is None) == bool(complete), encoder
    summary = "sandboxed by" if complete else "sandbox incomplete"
    assert rig.log("recorderd.log").count(f"encoder: {summary}") == 1, rig.log("recorderd.log")
    status = subprocess.run([program("recorderd"), "-c", rig.ini, "--status"], capture_output=True, text=True, check=False).stdout
    assert (f"FFmpeg: Landlock ABI {encoder['landlock']} and seccomp" if complete else f"incomplete: {encoder['missing']}") in status, status
    for pid in rig.children("ffmpeg"):
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        assert status["Seccomp"] == ("2" if encoder["seccomp"] else status["Seccomp"]), status
        assert status["NoNewPrivs"] == ("1" if complete else status["NoNewPrivs"]), status


def test_everything_that_starts_ffmpeg_works(rig):
    second, _ = to_known_state(rig)
    assert rig.get("/snapshot?width=64").status == 200
    assert rig.get(f"/snapshot?at={second}&width=64").status == 200
    assert rig.get("/control?recording=off", "POST").status == 200
    try:
        wait_for(lambda: rig.get("/camera_info").json()["recording"]["state"] != "recording", 60, "it no longer records")
        second = -(-new_frames(rig, 1).wall_us // US)
        wait_for(lambda: rig.camera.frames()[-1].wall_us > (second + 3) * US, 60, "some seconds have passed")
        wait_for(lambda: served_from(rig, second, "memory"), 60, "a clip is made from memory")
    finally:
        assert rig.get("/control?recording=on", "POST").status == 200
    assert "insecure" not in rig.log("lighttpd.log") and "ENOSYS" not in rig.log("lighttpd.log")


def test_the_ring_of_a_restarted_recorder_is_read(rig):
    rig.stop_recorderd()
    rig.start_recorderd()
    wait_for(lambda: rig.get("/snapshot").status == 200, 60, "the new ring is read")
    wait_for(lambda: rig.get("/stream", "HEAD").status == 200, 60, "recorder-live reads it, too")


def test_a_folder_of_clips_that_was_removed_is_made_again(rig):
    from_s, to_s = to_known_state(rig)
    assert rig.get(f"/clips?from={from_s}&to={to_s}&name=before", "POST").status == 201
    shutil.rmtree(rig.clips)
    for number in range(6):
        kept = rig.get(f"/clips?from={from_s}&to={to_s}&name=again{number}", "POST")
        assert kept.status == 201, (kept.status, kept.body)
    assert answers(rig, "/clips/again0.mp4") == {200}


def test_a_folder_of_recordings_that_replaces_the_old_one_is_read(rig):
    to_known_state(rig)
    rig.stop_recorderd()
    shutil.copytree(rig.recordings, rig.path("copy"))
    os.rename(rig.recordings, rig.path("old"))
    os.rename(rig.path("copy"), rig.recordings)
    newest = rig.get("/recordings").json()[0]["file"]
    assert answers(rig, f"/recordings/{newest}") == {200}
    rig.start_recorderd()
    wait_for(lambda: open_segment(rig), 60, "frames are recorded again")


def test_an_upgraded_ffmpeg_is_used(_):
    with Rig({"http": {"allow_control": "yes"}}) as rig:
        search, mine = webserver.SEARCH, rig.path("bin")
        os.mkdir(mine)
        put_ffmpeg(mine)
        webserver.SEARCH = f"{mine}:{search}"
        try:
            rig.start()
        finally:
            webserver.SEARCH = search
        assert rig.get("/snapshot?width=64").status == 200
        put_ffmpeg(mine)
        wait_for(lambda: answers(rig, "/snapshot?width=62") == {200}, 30, "the new one can be started")
        os.unlink(os.path.join(mine, "ffmpeg"))
        wait_for(lambda: answers(rig, "/snapshot?width=58") == {200}, 30, "the next one in PATH can be started")


def put_ffmpeg(folder):
    """Replaces ffmpeg by a copy of the machine's: a new inode, as a package manager does it."""
    fresh = os.path.join(folder, "fresh")
    shutil.copy(shutil.which("ffmpeg"), fresh)
    os.rename(fresh, os.path.join(folder, "ffmpeg"))


def test_workers_find_folders_that_are_created_after_they_started(_):
    with Rig({"http": {"allow_control": "yes"}}) as late:
        late.start_web()
        assert answers(late, "/clips") == {200} and late.get("/recordings").status in (200, 404, 503)
        late.start_recorderd()
        wait_for(late.recording, 60, "frames are recorded")
        assert answers(late, "/recordings") == {200}
        newest = late.get("/recordings").json()[0]["file"]
        assert answers(late, f"/recordings/{newest}") == {200}


def test_no_process_is_left_when_the_web_server_ends(rig):
    assert workers(rig, "recorder-api") and workers(rig, "recorder-live")
    rig.web.terminate()
    wait_for(lambda: not workers(rig, "recorder-api") and not workers(rig, "recorder-live"), 60, "all processes end")
    assert not os.path.exists(f"/dev/shm/recorder.{rig.name}.live"), "the counters in shared memory are gone as well"


if __name__ == "__main__":
    main(globals(), settings={"http": {"allow_control": "yes"}})
