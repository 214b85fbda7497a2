#!/usr/bin/env python3
"""
A recorder (tests/e2e/support/rig.py) for the browser tests, or with an argument so many of them: one JSON command a line on stdin, one JSON
answer a line on stdout.
"""
import contextlib
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from support.made_archive import make_archive  # noqa: E402  pylint: disable=wrong-import-position
from support.rig import Rig, clip_frames  # noqa: E402  pylint: disable=wrong-import-position
from support.several import Several  # noqa: E402  pylint: disable=wrong-import-position
from support.times import wait_for  # noqa: E402  pylint: disable=wrong-import-position

SETTINGS = {"record": {"segment_seconds": 10}, "http": {"allow_control": "yes"}}


def streaming(rig):
    answer = rig.get("/camera_info")
    return answer.status == 200 and answer.json()["state"] == "streaming"


def ended(entry):
    with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0] in "ZX"
    return True


class Commands:
    def __init__(self, rig):
        self.rig = rig

    def where(self):
        return {"port": self.rig.port, "folder": self.rig.folder, "log": self.rig.camera.log_path, "name": self.rig.name}

    def fault(self, name, value):
        self.rig.camera.fault(name, value)

    def wait_streaming(self):
        wait_for(lambda: streaming(self.rig), 60, "the camera streams")

    def wait_away(self):
        wait_for(lambda: not streaming(self.rig), 60, "the camera is away")

    def allow_control(self, word):
        """Starts everything anew with http.allow_control so."""
        self.rig.stop()
        self.rig.write_ini({**SETTINGS, "http": {"allow_control": word}})
        self.rig.start()
        return self.where()

    def allow_origin(self, origin):
        """The pages that may read, for a recorder that runs; returns once both workers know of them."""
        self.rig.write_ini({**SETTINGS, "http": {**SETTINGS["http"], "allow_origin": origin}})
        self.rig.recorderd.send_signal(signal.SIGHUP)
        for path in ("/camera_info", "/stream"):
            wait_for(lambda asked=path: self.rig.get(asked, "HEAD", {"Origin": origin}).headers["Access-Control-Allow-Origin"] == origin,
                     60, f"pages of {origin} may read {path}")

    def stop_recorderd(self):
        self.rig.stop_recorderd()

    def start_recorderd(self):
        """Where none runs."""
        if self.rig.recorderd is None:
            self.rig.start_recorderd()
        wait_for(lambda: streaming(self.rig) and self.rig.recording(), 60, "frames are recorded")

    def restart_recorderd(self, record):
        """With other settings of the encoder."""
        before = self.rig.get("/recordings").json()[0]["file"]
        self.rig.stop_recorderd()
        self.rig.write_ini({**SETTINGS, "record": {**SETTINGS["record"], **record}})
        self.rig.start_recorderd()
        wait_for(lambda: self.rig.get("/recordings").json()[0]["file"] != before and self.rig.recording(), 60, "a new recording")

    def kill_live_worker(self):
        """As a crash would; lighttpd starts another one."""
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                pid, name, _, parent = stat.read().split()[:4]
                if name == "(recorder-live)" and int(parent) == self.rig.web.pid:
                    os.kill(int(pid), signal.SIGKILL)
                    wait_for(lambda dead=entry: ended(dead), 60, "the worker is dead")

    def clip_frames(self, path):
        return clip_frames(path)


class SeveralCommands:
    """Cameras of 5 frames a second, called by their numbers; the first one has thirty hours of an archive already: a minute of the fastest timelapse."""

    SEGMENTS = 180

    def __init__(self, count):
        self.words = [str(number) for number in range(count)]
        settings = {word: {"camera": {"device": f"/dev/video{word}", "fps": 5}, "memory": {"minutes": 1, "max_mb": 8}} for word in self.words}
        self.rig = Several(self.words, settings, fps="5")
        make_archive(self.rig.folder_of("0"), self.SEGMENTS)

    def where(self):
        names = list(self.rig.names.values())
        return {"port": self.rig.port, "names": names, "name": names[0], "logs": [camera.log_path for camera in self.rig.cameras]}

    def fault(self, camera, name, value):
        self.rig.cameras[camera].fault(name, value)


def serve(commands):
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer = {"value": getattr(commands, name)(*arguments)}
        except Exception as error:  # pylint: disable=broad-except
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def main():
    commands = SeveralCommands(int(sys.argv[1])) if len(sys.argv) > 1 else Commands(Rig(SETTINGS))
    with commands.rig as rig:
        rig.start()
        serve(commands)


main()
