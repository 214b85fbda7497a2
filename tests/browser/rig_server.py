#!/usr/bin/env python3
"""
A recorder (tests/e2e/support/rig.py) for the browser tests; or several if an argument says how many, or one of
1280x720 at 60 frames per second if it is "hd", whose video takes 2.7 Mbit/s, or "thin": 1.2 Mbit/s. Reads JSON commands from stdin, one per line, and writes a JSON answer
to each to stdout.
"""
import contextlib
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from support import BUILD  # noqa: E402  pylint: disable=wrong-import-position
from support.made_archive import make_archive, make_motion  # noqa: E402  pylint: disable=wrong-import-position
from support.rig import Rig, clip_frames  # noqa: E402  pylint: disable=wrong-import-position
from support.several import Several  # noqa: E402  pylint: disable=wrong-import-position
from support.times import wait_for  # noqa: E402  pylint: disable=wrong-import-position

# (from, to, column, row, width, height, strength) in seconds from START: a tree moves faintly, a door more clearly
TREE, DOOR = (26, 1, 6, 6), (2, 8, 4, 6)
SCENE = [*((at, at + 20, *TREE, 1) for at in (0, 600, 1200, 1800, 2400)),
         *((at, at + 10, *DOOR, 2) for at in (300, 900, 1500)), (2100, 2105, *DOOR, 3)]
SETTINGS = {"record": {"segment_seconds": 10}, "http": {"allow_control": "yes"}}
HD = {"camera": {"width": 1280, "height": 720, "fps": 60}}
THIN = {**HD, "record": {"quality": 36}}
HD_FRAMES = os.path.join(BUILD, "tests", "frames", "hd.frames")


def streams(rig):
    answer = rig.get("/camera_info")
    return answer.status == 200 and answer.json()["state"] == "streaming"


def has_ended(entry):
    with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0] in "ZX"
    return True


class Commands:
    def __init__(self, rig):
        self.rig = rig

    def describe(self):
        log = self.rig.camera.log_path
        return {"port": self.rig.port, "folder": self.rig.folder, "log": log, "name": self.rig.name}

    def fault(self, name, value):
        self.rig.camera.fault(name, value)

    def wait_streaming(self):
        wait_for(lambda: streams(self.rig), 60, "the camera streams")

    def wait_away(self):
        wait_for(lambda: not streams(self.rig), 60, "the camera is away")

    def allow_control(self, word):
        """Starts everything again with this http.allow_control."""
        self.rig.stop()
        self.rig.write_ini({**SETTINGS, "http": {"allow_control": word}})
        self.rig.start()
        return self.describe()

    def require_login(self, name=None, password=None):
        """Starts the web server again, with a login or, without a name, with none."""
        self.rig.stop_web()
        if name:
            subprocess.run(["htpasswd", "-bB", "-c", self.rig.path("users"), name, password], check=True, capture_output=True)
        self.rig.start_web(parts=["users"] if name else [])
        return self.describe()

    def frame_ancestors(self, origin):
        """Starts the web server again with this http.frame_ancestors."""
        self.rig.stop_web()
        self.rig.write_ini({**SETTINGS, "http": {**SETTINGS["http"], "frame_ancestors": origin}})
        self.rig.start_web()
        return self.describe()

    def allow_origin(self, origin):
        """Sets http.allow_origin while the recorder runs, and waits until both workers follow it."""
        self.rig.write_ini({**SETTINGS, "http": {**SETTINGS["http"], "allow_origin": origin}})
        self.rig.recorderd.send_signal(signal.SIGHUP)

        def allows(path):
            return self.rig.get(path, "HEAD", {"Origin": origin}).headers["Access-Control-Allow-Origin"] == origin

        for path in ("/camera_info", "/stream"):
            wait_for(lambda asked=path: allows(asked), 60, f"pages of {origin} may read {path}")

    def stop_recorderd(self):
        self.rig.stop_recorderd()

    def start_recorderd(self):
        """Starts it unless it runs already."""
        if self.rig.recorderd is None:
            self.rig.start_recorderd()
        wait_for(lambda: streams(self.rig) and self.rig.recording(), 60, "frames are recorded")

    def restart_recorderd(self, record):
        """Starts it again with other settings of the encoder."""
        before = self.newest_recording()
        self.rig.stop_recorderd()
        self.rig.write_ini({**SETTINGS, "record": {**SETTINGS["record"], **record}})
        self.rig.start_recorderd()
        wait_for(lambda: self.newest_recording() != before and self.rig.recording(), 60, "a new recording")

    def change_size(self, width, height):
        """Starts it, after it was stopped, with a camera of another size."""
        frames, camera = self.rig.path("other.frames"), self.rig.camera
        maker = os.path.join(BUILD, "tests", "tools", "make_frames")
        subprocess.run([maker, "-s", f"{width}x{height}", "-b", "4000", "-n", "9000", frames], check=True)
        before = self.newest_recording()
        camera.line = re.sub(r"frames=\S+", f"frames={frames}", camera.line)
        self.rig.write_ini({**SETTINGS, "camera": {"width": width, "height": height}})
        self.rig.start_recorderd()
        wait_for(lambda: self.newest_recording() != before and self.rig.recording(), 60, "a new recording")

    def newest_recording(self):
        return self.rig.get("/recordings").json()[0]["file"]

    def kill_live_worker(self):
        """Ends it as a crash would; lighttpd starts another one."""
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                pid, name, _, parent = stat.read().split()[:4]
                if name == "(recorder-live)" and int(parent) == self.rig.web.pid:
                    os.kill(int(pid), signal.SIGKILL)
                    wait_for(lambda dead=entry: has_ended(dead), 60, "the worker is dead")

    def clip_frames(self, path):
        return clip_frames(path)


class SeveralCommands:
    """
    Cameras of 5 frames per second, called by their numbers. The first one has an archive of thirty hours, which is a
    minute of the fastest timelapse, and in which something moves every EVERY_S; in the archive of the fifth one, which
    is short, SCENE moves. The others watch for no motion.
    """

    SEGMENTS = 180
    EVERY_S, LASTS_S, UNKNOWN_S = 1200, 10, 60
    CELLS = "8 9 4 3"  # column, row, width, height
    SCENE_SEGMENTS, START, UNKNOWN = 20, 6000, (-3600, -1800)

    def __init__(self, count):
        self.words = [str(number) for number in range(count)]
        memory = {"minutes": 1, "max_mb": 8}
        settings = {word: {"camera": {"device": f"/dev/video{word}", "fps": 5}, "memory": memory} for word in self.words}
        for word in self.words:
            settings[word]["motion"] = {"enabled": "yes" if word in "04" else "no"}
        self.rig = Several(self.words, settings, fps="5")
        begin, end = make_archive(self.rig.folder_of("0"), self.SEGMENTS)
        self.moves = [(at, at + self.LASTS_S) for at in range(begin + self.EVERY_S // 2, end - self.EVERY_S, self.EVERY_S)]
        lines = [f"move {one} {other} {self.CELLS} {1 + one // self.EVERY_S % 3}" for one, other in self.moves]
        lines += [f"unknown {one + self.EVERY_S // 2} {one + self.EVERY_S // 2 + self.UNKNOWN_S}" for one, _ in self.moves[::4]]
        make_motion(self.rig.folder_of("0"), lines)
        self.scene = self.make_scene(self.rig.folder_of("4"))

    def make_scene(self, folder):
        begin, _ = make_archive(folder, self.SCENE_SEGMENTS)
        start = (begin + self.START) // 600 * 600
        moves = sorted((start + one, start + other, *rest) for one, other, *rest in SCENE)
        unknown = [start + second for second in self.UNKNOWN]
        lines = [("move", *move) for move in moves] + [("unknown", *unknown)]
        make_motion(folder, [" ".join(map(str, line)) for line in lines])
        return {
            "camera": self.rig.names["4"],
            "moves": [{"from": move[0], "to": move[1], "strength": move[-1]} for move in moves],
            "unknown": {"from": unknown[0], "to": unknown[1]},
        }

    def describe(self):
        names, logs = list(self.rig.names.values()), [camera.log_path for camera in self.rig.cameras]
        return {"port": self.rig.port, "names": names, "name": names[0], "logs": logs, "moves": self.moves, "scene": self.scene}

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
    kind = sys.argv[1] if len(sys.argv) > 1 else None
    if kind in ("hd", "thin"):
        commands = Commands(Rig(HD if kind == "hd" else THIN, fps="60", frames=HD_FRAMES))
    else:
        commands = SeveralCommands(int(kind)) if kind else Commands(Rig(SETTINGS))
    with commands.rig as rig:
        rig.start()
        serve(commands)


main()
