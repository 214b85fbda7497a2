#!/usr/bin/env python3
"""A program, a network camera and an RTSP camera are recorded like any other: every frame, gaps with causes, secrets kept."""
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from support.camera import jpegs
from support.own_users import ALONE, as_user, make_folder, run_alone
from support.rig import Rig, forget_memory, program
from support.tap import Skipped, run_tests
from support.times import PATIENCE_S, US, time_us, wait_for

FPS = 30
SUPPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "support")
MJPEG_CAMERA, RTSP_CAMERA = os.path.join(SUPPORT, "mjpeg_camera.py"), os.path.join(SUPPORT, "rtsp_camera.py")
SECRET = "n0b0dy-may-see-this"
FILM_FRAMES = 90
RECORDER, SOURCE, STRANGER = 64011, 64012, 64013  # users


class SourceRig(Rig):
    """A rig without a V4L2 camera, with a recorder-source, which is started first: it waits for the recorder."""

    def __init__(self, device=None, **camera):
        super().__init__(cameras=0)
        self.source = None
        self.script("camera", f"exec {sys.executable} {MJPEG_CAMERA} {self.path('frames')} {FPS} multipart")
        # Its arguments are nobody's business.
        self.configure(device or f"command:{self.path('camera')} --key {SECRET}", **camera)

    def configure(self, device, **camera):
        self.write_ini({"camera": {"device": f'"{device}"', "fallback": "any", **camera}, "http": {"allow_control": "yes"}})

    def script(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(self.path(name), 0o755)

    def secret(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), 0o400)
        return self.path(name)

    def start_source(self):
        self.source = self.spawn([program("recorder-source"), "-c", self.ini], "source.log", dict(self.environment))

    def start(self):
        self.start_source()
        super().start()

    def stop(self):
        status = super().stop()
        source, self.source = self.source, None
        if source:
            assert self.stop_process(source) == 0
        return status

    def restore(self):
        if self.source.poll() is not None:
            self.start_source()
        for one in self.cameras_running():
            os.kill(one, signal.SIGCONT)
        if self.get("/camera_info").json()["state"] == "off":
            self.get("/control?camera=on", "POST")
        super().restore()

    def cameras_running(self):
        """Process ids of the camera's program."""
        return processes(self.path("frames"))

    def sent(self):
        """[(number, wall_us)] of the frames that the camera has sent, in all of its runs."""
        with contextlib.suppress(FileNotFoundError), open(self.path("frames"), encoding="ascii") as log:
            return [tuple(map(int, line.split())) for line in log.read().split("\n")[:-1]]
        return []

    def new_frames(self, count):
        before = len(self.sent())
        wait_for(lambda: len(self.sent()) >= before + count, count / 10 + PATIENCE_S, f"{count} more frames")

    def indexed(self):
        """Waits until all frames so far are on the disk, and returns when the last one was sent."""
        last_us = self.sent()[-1][1]
        wait_for(lambda: self.newest_indexed_us() > last_us, PATIENCE_S, "the index has caught up")
        return last_us

    def gap_causes(self, from_us):
        """Causes of the gaps since then that have ended."""
        items = self.get(f"/timeline?from={from_us / US:.6f}&to=now").json()["gaps"]
        return [gap["cause"] for gap in items]

    def shows_no(self, secret):
        """What people and programs can see has nothing of a secret."""
        for path in ("/camera_info", "/health", "/metrics"):
            assert secret.encode() not in self.get(path).body, path
        for name in ("recorderd.log", "source.log"):
            assert secret not in self.log(name), name
        for entry in filter(str.isdigit, os.listdir("/proc")):
            if int(entry) != os.getpid() and secret in arguments_of(entry):
                # Only the program itself, which the .ini gives it, and the camera that the test is.
                assert self.path("frames") in arguments_of(entry) or RTSP_CAMERA in arguments_of(entry), arguments_of(entry)


def arguments_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().replace(b"\0", b" ").decode(errors="replace")
    return ""


def processes(word):
    return [int(entry) for entry in filter(str.isdigit, os.listdir("/proc")) if word in arguments_of(entry) and int(entry) != os.getpid()]


def assert_complete(clip, count):
    """The clip has at least that many frames, and their numbers have no gap."""
    numbers = [number for _, number in clip]
    assert len(numbers) >= count, f"{len(numbers)} frames"
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers
    times = [pts for pts, _ in clip]
    assert times == sorted(times), times  # pictures that come at once have the same in ticks of a clip


def test_every_frame_of_a_command_is_recorded(rig):
    rig.restore()
    rig.new_frames(30)
    begin = rig.sent()[-1]
    rig.new_frames(3 * FPS)
    end = rig.sent()[-1]
    rig.indexed()
    clip = rig.clip(begin[1], end[1])
    assert_complete(clip, end[0] - begin[0] - 2)
    info = rig.get("/camera_info").json()
    assert (info["lost"], info["damaged"]) == (0, 0), info


def test_people_see_which_camera_it_is_and_no_secret(rig):
    info = rig.get("/camera_info").json()
    assert (info["device"], info["name"], info["backend"], info["source"]) == ("command:camera", "camera", "recorder-source", "camera"), info
    assert rig.get("/control?control=brightness&value=1", "POST").status in (404, 409, 503)
    assert SECRET not in rig.get("/camera_info").body.decode() + rig.log() + rig.log("source.log")


def lose(rig, how):
    """Something happens to the camera. Waits until frames are recorded again, and returns the causes of gaps since."""
    rig.restore()
    rig.new_frames(2 * FPS)
    from_us = rig.indexed()
    runs = [number for number, _ in rig.sent()].count(0)
    how()
    wait_for(lambda: [number for number, _ in rig.sent()].count(0) > runs, PATIENCE_S, "the program runs again")
    wait_for(rig.streaming, PATIENCE_S, "the recorder has frames")
    rig.new_frames(2 * FPS)
    rig.indexed()
    return rig.gap_causes(from_us)


def kill_camera(rig, number):
    for one in rig.cameras_running():
        os.kill(one, number)


def test_a_program_that_ends_is_started_again_and_its_end_is_the_cause_of_the_gap(rig):
    assert lose(rig, lambda: kill_camera(rig, signal.SIGKILL)) == ["unplugged"]
    assert "command:camera has ended: ended by signal 9 (Killed)" in rig.log()


def test_a_program_that_falls_silent_is_replaced(rig):
    assert lose(rig, lambda: kill_camera(rig, signal.SIGSTOP)) == ["stalled"]
    assert len(rig.cameras_running()) == 1


def test_recorder_source_may_be_killed(rig):
    def kill():
        rig.stop_process(rig.source, signal.SIGKILL)
        rig.start_source()
    assert lose(rig, kill) == ["unplugged"]
    assert len(rig.cameras_running()) == 1


def test_a_camera_that_is_switched_off_is_not_even_read(rig):
    rig.restore()
    assert rig.get("/control?camera=off", "POST").status == 200
    wait_for(lambda: not rig.cameras_running(), PATIENCE_S, "its program has ended")
    assert rig.get("/control?camera=on", "POST").status == 200
    wait_for(rig.streaming, PATIENCE_S, "it runs again")


def test_without_recorder_source_the_reason_is_told(rig):
    rig.restore()
    rig.stop_process(rig.source)
    wait_for(lambda: f"recorder-source, which reads command:camera, is not there: start recorder-source@{rig.name}" in " ".join(
        rig.get("/health").json()["reasons"]), PATIENCE_S, "/health tells it")
    assert not rig.cameras_running()


def http_rig(stack, method):
    """A recorder of a network camera with a login, and the URL that people may see."""
    rig = stack.enter_context(SourceRig())
    port_file = rig.path("port")
    rig.http_camera = rig.spawn([sys.executable, MJPEG_CAMERA, rig.path("frames"), str(FPS), port_file, method, SECRET], "camera.log", dict(os.environ))
    stack.callback(rig.stop_process, rig.http_camera)
    with open(wait_for(lambda: os.path.exists(port_file) and port_file, PATIENCE_S, "the camera serves"), encoding="ascii") as file:
        host = f"127.0.0.1:{file.read()}"
    rig.configure(f"http://viewer@{host}/video?key={SECRET}", password_file=rig.secret("password", SECRET + "\n"))
    return rig, f"http://{host}/video"


def check_network_camera(method):
    with contextlib.ExitStack() as stack:
        rig, shown = http_rig(stack, method)
        rig.start()
        rig.new_frames(FPS)
        begin = rig.sent()[-1]
        rig.new_frames(2 * FPS)
        end = rig.sent()[-1]
        rig.indexed()
        assert_complete(rig.clip(begin[1], end[1]), end[0] - begin[0] - 2)
        info = rig.get("/camera_info").json()
        assert (info["device"], info["lost"], info["damaged"]) == (shown, 0, 0), info
        rig.shows_no(SECRET)


def test_a_network_camera_with_a_basic_login_is_recorded(_):
    check_network_camera("basic")


def test_a_network_camera_with_a_digest_login_is_recorded_and_a_wrong_password_is_told(_):
    check_network_camera("digest")
    with contextlib.ExitStack() as stack:
        rig, _ = http_rig(stack, "digest")
        os.unlink(rig.path("password"))
        rig.secret("password", "wrong\n")
        rig.start_source()
        rig.start_recorderd()
        rig.start_web()
        wait_for(lambda: "the camera answers 401: wrong user, or wrong password" in " ".join(rig.get("/health").json()["reasons"]), PATIENCE_S, "/health tells it")
        rig.shows_no("wrong\n")


def make_film(path):
    """An .mp4 of numbered frames in H.264."""
    encoder = subprocess.Popen(["ffmpeg", "-v", "error", "-r", str(FPS), "-f", "mjpeg", "-i", "-", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "20",
                                "-bf", "0", "-g", "30", "-pix_fmt", "yuv420p", path], stdin=subprocess.PIPE)
    with encoder.stdin:
        for jpeg in jpegs()[:FILM_FRAMES]:
            encoder.stdin.write(jpeg)
    assert encoder.wait() == 0


def test_every_frame_of_an_rtsp_camera_is_recorded_and_its_login_is_a_secret(_):
    with contextlib.ExitStack() as stack:
        rig = stack.enter_context(SourceRig())
        make_film(rig.path("film.mp4"))
        camera = rig.spawn([RTSP_CAMERA, rig.path("film.mp4"), rig.path("port"), "viewer", SECRET], "camera.log", dict(os.environ))
        stack.callback(rig.stop_process, camera)
        wait_for(lambda: os.path.exists(rig.path("port")) or camera.poll() is not None, PATIENCE_S, "the camera serves")
        if camera.poll() == 77:
            raise Skipped("gir1.2-gst-rtsp-server-1.0, python3-gi and gstreamer1.0-plugins-{good,bad} are not installed")
        with open(rig.path("port"), encoding="ascii") as file:
            url = f"rtsp://viewer:{SECRET}@127.0.0.1:{file.read()}/street"
        rig.configure("command:ffmpeg -v error -protocol_whitelist pipe,fd,rtp,udp,tcp,rtsp -f concat -safe 0 -i pipe:0 -c:v mjpeg -q:v 2 "
                      "-fps_mode passthrough -f mpjpeg pipe:1",
                      password_file=rig.secret("street", f"ffconcat version 1.0\nfile '{url}'\noption rtsp_transport tcp\n"))
        rig.start()
        # The film ends, and is asked for again: the gap between the two has a cause.
        ended = "command:ffmpeg has ended: exit status 0"
        wait_for(lambda: ended in rig.log(), PATIENCE_S, "the film ends")
        wait_for(lambda: rig.get("/timeline?from=-5m&to=now").json()["gaps"], PATIENCE_S, "it is recorded again")
        timeline = rig.get("/timeline?from=-5m&to=now").json()
        assert [gap["cause"] for gap in timeline["gaps"]] == ["unplugged"], timeline
        first = timeline["spans"][0]
        clip = rig.clip(time_us(first["from"]), time_us(first["to"]) + US // 10)
        assert_complete(clip, FILM_FRAMES)
        rig.shows_no(SECRET)


# -- users of their own, in a mount namespace of its own

INI = """[camera]
name = {name}
device = command:{folder}/source/camera
password_file = {folder}/source/secret
[record]
enabled = no
[memory]
max_mb = 16
"""


def two_users(folder, name, wrapper):
    """Both programs, as users of their own. The recorder, and nobody else, can have pictures from a program that needs a secret."""
    ini = os.path.join(folder, "recorder", "recorder.ini")
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(tempfile.TemporaryFile())

        def run(user, *command):
            process = stack.enter_context(subprocess.Popen(as_user(user, *command, "-c", ini), start_new_session=True, stderr=log))
            stack.callback(process.kill)
            return process

        def status():
            return subprocess.run(as_user(RECORDER, program("recorderd"), "-S", "-c", ini), capture_output=True, text=True, check=False).stdout
        recorderd = run(RECORDER, *wrapper, program("recorderd"))
        socket_path = f"/run/recorder-source/{name}.source"
        wait_for(lambda: os.path.exists(socket_path), PATIENCE_S, "the recorder waits for its source")
        stranger = run(STRANGER, program("recorder-source"))
        source = run(SOURCE, program("recorder-source"))
        wait_for(lambda: "streaming since" in status() and ": command:camera (camera)" in status(), PATIENCE_S, "it has pictures")
        for process in (recorderd, stranger, source):
            process.terminate()
            assert process.wait(PATIENCE_S) == 0


def alone():
    """In the mount namespace: the folder that tmpfiles.d makes."""
    folder, name = tempfile.mkdtemp(prefix="recorder-e2e."), f"e2e-users-{os.getpid()}"
    try:
        make_folder("/run/recorder-source", RECORDER, SOURCE)
        os.chmod(folder, 0o755)
        for part, user in (("recorder", RECORDER), ("source", SOURCE)):
            os.mkdir(os.path.join(folder, part))
            os.chown(os.path.join(folder, part), user, user)
        script = f"#!/bin/sh\nread -r secret\n[ \"$secret\" = {SECRET} ] && exec /usr/bin/python3 {MJPEG_CAMERA} {folder}/source/frames {FPS} plain\n"
        for path, text, user, mode in (("recorder/recorder.ini", INI.format(name=name, folder=folder), RECORDER, 0o644),
                                       ("source/camera", script, SOURCE, 0o755), ("source/secret", SECRET + "\n", SOURCE, 0o400)):
            path = os.path.join(folder, path)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, mode)
            os.chown(path, user, user)
        two_users(folder, name, ())
        # As with PrivateUsers= of the unit: the recorder sees no other user.
        two_users(folder, name, ("unshare", "--user", "--map-current-user"))
    finally:
        for user in (RECORDER, SOURCE, STRANGER):
            shutil.rmtree(f"/dev/shm/recorder-{user}", ignore_errors=True)
        forget_memory(name)
        shutil.rmtree(folder)


def test_recorder_and_source_may_be_two_users(_):
    run_alone(__file__)


def main():
    if os.environ.get(ALONE):
        alone()
        return 0
    with SourceRig() as rig:
        rig.start()
        return run_tests(globals(), rig)


if __name__ == "__main__":
    sys.exit(main())
