"""A whole recorder in a folder of its own: camera (tests/preload), recorderd, and both FastCGI programs behind a web server.

    with Rig() as rig:
        rig.start()
        answer = rig.get("/recordings")

The programs are in $BUILD (default: build); the web server is $WEB_SERVER (support/webserver.py). Everything that a rig starts
is stopped by process id.
"""
import contextlib
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from support import BUILD, webserver
from support.camera import FRAMES, Camera
from support.run_delays import RunDelays
from support.times import PATIENCE_S, US, time_us, wait_for

from clip_frames import clip_frames

# A test that is terminated leaves nothing running.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def detail(self):
        """The sentence of an application/problem+json answer."""
        return self.json()["detail"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name):
    return os.path.join(BUILD, {"recorderd": "recorderd", "recorder-motion": "motion", "recorder-hooks": "hooks", "recorder-source": "source",
                                "recorder-ship": "offsite", "recorder-fetch": "offsite/fetch"}.get(name, "fcgi"), name)


def sanitizer_of(path):
    """The sanitizer libraries that a program is linked with: they must be loaded before any other."""
    linked = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    return [line.split()[2] for line in linked.splitlines() if re.match(r"\s*lib[at]san\.so", line)]


def user_folder(name=""):
    """The folder of this user's recorders (shared/ring/user_folder.h), or a file in it."""
    return os.path.join(f"/dev/shm/recorder-{os.geteuid()}", name)


def forget_memory(name):
    """Removes what killed programs have left in /dev/shm."""
    for left in glob.glob(f"/dev/shm/recorder.{name}") + glob.glob(f"/dev/shm/recorder.{name}.*") + glob.glob(user_folder(f"{name}.*")) + \
            glob.glob(user_folder(f"recorder.{name}*")):
        with contextlib.suppress(OSError):
            os.rmdir(left) if os.path.isdir(left) and not os.path.islink(left) else os.unlink(left)


class Rig:
    INI = {
        "camera": {"device": "/dev/video0", "fallback": "none", "width": 320, "height": 180, "fps": 30},
        "record": {"directory": "recordings", "segment_seconds": 10, "preset": "ultrafast"},
        "retention": {"min_free_gb": 0},
        "memory": {"minutes": 5, "max_mb": 64},
        "clips": {"directory": "clips"},
        "motion": {"enabled": "no"},  # the whole picture of FRAMES moves: in time /health would say that the view has changed
    }

    arguments = ()  # of recorderd, in addition to its configuration

    def __init__(self, settings=None, fps="30", cameras=1, name=None, frames=FRAMES):
        """settings: {section: {key: value}}, which override INI."""
        self.folder = tempfile.mkdtemp(prefix="recorder-e2e.")
        self.name = name or f"e2e-{os.getpid()}-{os.path.basename(self.folder)[-4:].lower()}"
        self.ini = os.path.join(self.folder, "recorder.ini")
        self.recordings = os.path.join(self.folder, "recordings")
        self.clips = os.path.join(self.folder, "clips")
        self.cameras = [Camera(self.folder, f"/dev/video{number}", fps, frames) for number in range(cameras)]
        self.recorderd = self.web = None
        self.recorderd_path = program("recorderd")
        self.delays = []  # a RunDelays of each recorder
        self.server_name = os.environ.get("WEB_SERVER", "lighttpd")
        self.workers = []  # if the web server does not start them itself
        self.tls = None    # an SSLContext if the server's TLS is switched on
        self.port = None
        self.environment = dict(os.environ)
        if sanitizer_of(program("recorder-listen")):
            # Behind the web server, which has no sanitizer, the sanitizer is not the first library.
            own = os.environ.get("ASAN_OPTIONS")
            self.environment["ASAN_OPTIONS"] = (own + ":" if own else "") + "verify_asan_link_order=0"
        # Neither LD_PRELOAD nor lighttpd's bin-path accepts a path with spaces.
        self.library = self.path("camera.so")
        os.symlink(os.path.join(BUILD, "tests", "preload", "camera.so"), self.library)
        for name_of_program in ("recorder-live", "recorder-api", "recorder-listen"):
            os.symlink(program(name_of_program), self.path(name_of_program))
        self.write_ini(settings or {})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        for camera in self.cameras:
            camera.control.close()
        forget_memory(self.name)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def camera(self):
        return self.cameras[0]

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write_ini(self, settings):
        merged = {section: dict(keys) for section, keys in self.INI.items()}
        merged["camera"]["name"] = self.name
        for section, keys in settings.items():
            merged.setdefault(section, {}).update(keys)
        self.frame_ancestors = merged.get("http", {}).get("frame_ancestors") or "'none'"
        with open(self.ini, "w", encoding="utf-8") as ini:
            for section, keys in merged.items():
                ini.write(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))

    # -- processes

    def spawn(self, command, log, environment):
        with open(self.path(log), "ab") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment,
                                       start_new_session=True)
        if command[0].endswith("recorderd"):
            self.delays.append(RunDelays(process.pid))
        return process

    def start_recorderd(self, ini=None, log="recorderd.log"):
        with open(self.path("camera.conf"), "w", encoding="utf-8") as conf:
            conf.write("".join(camera.line + "\n" for camera in self.cameras))
        environment = dict(self.environment, CAMERA_PRELOAD=self.path("camera.conf"), LD_PRELOAD=self.preloaded())
        process = self.spawn([self.recorderd_path, *self.arguments, "-c", ini or self.ini], log, environment)
        if ini is None:
            self.recorderd = process
        return process

    def run_from(self, folder):
        """From the next start on, recorderd is in that folder, and runs the recorder-motion beside itself."""
        self.recorderd_path = os.path.join(folder, "recorderd")
        try:
            os.link(program("recorderd"), self.recorderd_path)
        except OSError:  # on another file system
            shutil.copy(program("recorderd"), self.recorderd_path)

    def preloaded(self):
        """The LD_PRELOAD with which recorderd sees the cameras."""
        return ":".join([*sanitizer_of(program("recorderd")), self.library])

    def start_worker(self, name, config):
        """Starts recorder-live or recorder-api on a socket that it opens itself."""
        path = self.path(name.split("-")[1] + ".sock")
        self.workers.append(self.spawn([program(name), "-s", path], name + ".log", dict(self.environment, RECORDER_CONFIG=config)))
        wait_for(lambda: os.path.exists(path), PATIENCE_S, f"{name} listens")

    def start_web(self, config=None, parts=()):
        """parts: the blocks of the server's example that are uncommented."""
        self.port = free_port()
        config = config or self.ini
        server = webserver.SERVERS[self.server_name](self, parts)
        if not server.starts_workers:
            self.start_worker("recorder-live", config)
            self.start_worker("recorder-api", config)
        search = dict(self.environment, PATH=webserver.SEARCH)
        self.web = self.spawn(server.command(config), f"{self.server_name}.log", search)
        wait_for(self.web_answers, PATIENCE_S, f"{self.server_name} accepts connections")

    def stop_web(self):
        web, self.web = self.web, None
        self.stop_process(web)
        while self.workers:
            self.stop_process(self.workers.pop())

    def connect(self, timeout=10):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout)
        return self.tls.wrap_socket(plain) if self.tls else plain

    def web_answers(self):
        with contextlib.suppress(OSError), self.connect(1):
            return True
        return False

    def start(self):
        """Starts everything, and waits until frames are being recorded."""
        self.start_recorderd()
        self.start_web()
        wait_for(self.recording, PATIENCE_S, "frames are recorded")

    def recording(self):
        if self.recorderd.poll() is not None:
            raise AssertionError(f"recorderd ended with status {self.recorderd.returncode}")
        answer = self.get("/recordings")
        return answer.status == 200 and any(one["frames"] > 0 for one in answer.json())

    def streaming(self):
        """/camera_info once it reports that frames arrive, which is published several times per second; else None."""
        info = self.get("/camera_info").json()
        return info if info["state"] == "streaming" else None

    def restore(self):
        """Restores the usual state, whatever the previous case has left: no faults, all programs run, and frames are recorded."""
        for camera in self.cameras:
            camera.heal()
        if self.recorderd is None or self.recorderd.poll() is not None:
            self.stop_recorderd()
            self.start_recorderd()
        if self.web is None or self.web.poll() is not None:
            self.stop_web()
            self.start_web()
        wait_for(self.is_healthy, PATIENCE_S, "the recorder is in its usual state")

    def is_healthy(self):
        """Whether frames arrive and are recorded, and /health has no complaint. Switches recording on if it is off."""
        info = self.get("/camera_info").json()
        if info["recording"]["state"] == "off":
            self.get("/control?recording=on", method="POST")
        return info["state"] == "streaming" and info["recording"]["state"] == "recording" and self.get("/health").status == 200

    def stop_process(self, process, sent=signal.SIGTERM, seconds=PATIENCE_S):
        """Stops it, kills what is left of its process group, and returns its exit status."""
        if process is None:
            return None
        process.send_signal(sent)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return status

    def stop_recorderd(self, sent=signal.SIGTERM):
        process, self.recorderd = self.recorderd, None
        return self.stop_process(process, sent)

    def stop(self):
        self.stop_web()
        return self.stop_recorderd()

    def children(self, name):
        """Process ids of recorderd's children with that name."""
        found = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError, ValueError):
                with open(f"/proc/{int(entry)}/stat", encoding="utf-8") as stat:
                    text = stat.read()
                command, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
                if command == name and int(rest[1]) == self.recorderd.pid:
                    found.append(int(entry))
        return found

    # -- requests

    def get(self, path, method="GET", headers=None, body=None, timeout=PATIENCE_S):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.sock = self.connect(timeout)
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def is_ok(self):
        """True if /health has no complaint; otherwise a ValueError with what it says, which wait_for() shows in the end."""
        health = self.get("/health").json()
        if health["status"] != "ok":
            raise ValueError(health["reasons"] + health["warnings"])
        return True

    def new_frames(self, count):
        self.camera.wait_for_frames(count)

    def indexed(self):
        """Waits until all frames so far are on the disk, and a later one as well."""
        last_us = self.camera.newest().wall_us
        wait_for(lambda: self.newest_indexed_us() > last_us, PATIENCE_S, "the index has caught up")

    def newest_indexed_us(self):
        until = self.get("/camera_info").json()["recording"]["indexed_until"]
        return time_us(until) if until else 0

    def footage(self, from_us, to_us, headers=None):
        return self.get(f"/footage?from={from_us / US:.6f}&to={to_us / US:.6f}", headers=headers)

    def clip(self, from_us, to_us):
        """[(pts_us, number)] of the clip of [from_us, to_us)."""
        answer = self.footage(from_us, to_us)
        assert answer.status == 200, f"{answer.status}: {answer.body[:400]!r}"
        return self.frames_of(answer.body)

    def frames_of(self, mp4):
        path = self.path("answer.mp4")
        with open(path, "wb") as file:
            file.write(mp4)
        return clip_frames(path)

    def log(self, name="recorderd.log"):
        with contextlib.suppress(FileNotFoundError), open(self.path(name), encoding="utf-8", errors="replace") as log:
            return log.read()
        return ""
