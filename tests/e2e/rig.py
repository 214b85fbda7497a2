"""A whole recorder in a folder of its own: camera (tests/preload), recorderd, both workers behind a web server; and TAP.

    with Rig() as rig:
        rig.start()
        answer = rig.get("/recordings")

The folder of the programs is $BUILD (default: build), the web server $WEB_SERVER (webserver.py). Everything that a rig starts
is stopped by process id.
"""
import contextlib
import hashlib
import http.client
import json
import mmap
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.join(PROJECT, os.environ.get("BUILD", "build"))
FRAMES = os.path.join(BUILD, "tests", "frames", "small.frames")
sys.path.insert(0, os.path.join(PROJECT, "tests", "tools"))

import webserver  # noqa: E402  pylint: disable=wrong-import-position
from clip_frames import clip_frames  # noqa: E402  pylint: disable=wrong-import-position

US = 1000000

# A test that is told to end leaves nothing running either.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


# --- camera -----------------------------------------------------------------------------------------------------------

def control_names():
    """Names and numbers of faults and counters, from the C header that defines them."""
    with open(os.path.join(PROJECT, "tests", "preload", "control.h"), encoding="utf-8") as header:
        return {name: int(number) for name, number in re.findall(r"^\s*((?:CONTROL|COUNTER)_\w+) = (\d+)", header.read(), re.M)}


class Frame:
    """One line of the camera's log."""

    def __init__(self, line):
        kind, sequence, number, mono_us, wall_us = line.split()
        self.kind, self.sequence, self.number = kind, int(sequence), int(number)
        self.mono_us, self.wall_us = int(mono_us), int(wall_us)


class Camera:
    """One camera of tests/preload: its line of configuration, its faults and its log."""

    NAMES = control_names()

    def __init__(self, folder, path="/dev/video0", fps="30", frames=FRAMES):
        base = os.path.join(folder, os.path.basename(path))
        self.log_path, control_path = base + ".log", base + ".control"
        links = [f"{base}.{number}.frames" for number, _ in enumerate(frames.split(","))]  # words of a line have no spaces
        for link, file in zip(links, frames.split(",")):
            os.symlink(file, link)
        self.line = f"path={path} frames={','.join(links)} fps={fps} control={control_path} log={self.log_path}"
        with open(control_path, "wb") as control:
            control.truncate(4096)
        with open(control_path, "r+b") as control:
            self.control = mmap.mmap(control.fileno(), 4096)

    def fault(self, name, value=1):
        """fault("unplugged"), fault("error_next", 3): see control.h."""
        struct.pack_into("=I", self.control, 4 * self.NAMES["CONTROL_" + name.upper()], value)

    def fault_left(self, name):
        return struct.unpack_from("=I", self.control, 4 * self.NAMES["CONTROL_" + name.upper()])[0]

    def counter(self, name):
        return struct.unpack_from("=Q", self.control, 256 + 8 * self.NAMES["COUNTER_" + name.upper()])[0]

    def frames(self, kind="taken"):
        """What the camera's log says so far; the last line may still be in writing."""
        try:
            with open(self.log_path, encoding="ascii") as log:
                lines = log.read().split("\n")[:-1]
        except FileNotFoundError:
            lines = []
        return [frame for frame in map(Frame, lines) if frame.kind == kind]


def jpegs_by_hash(path=FRAMES):
    """sha1 of each JPEG of a file of frames (tests/tools/frames.h) -> its number."""
    with open(path, "rb") as file:
        data = file.read()
    count = struct.unpack_from("=I", data, 20)[0]
    numbers = {}
    for number in range(count):
        offset, length = struct.unpack_from("=QQ", data, 24 + 16 * number)
        numbers[hashlib.sha1(data[offset:offset + length]).digest()] = number
    return numbers


def jpeg_number(numbers, jpeg):
    """The number of exactly this JPEG; None where the camera never sent it."""
    return numbers.get(hashlib.sha1(jpeg).digest())


# --- the recorder -----------------------------------------------------------------------------------------------------

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
    return os.path.join(BUILD, {"recorderd": "recorderd"}.get(name, "fcgi"), name)


def sanitizer_of(path):
    """The sanitizers' library that a program is linked with: it has to be loaded before any other."""
    linked = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    return [line.split()[2] for line in linked.splitlines() if re.match(r"\s*lib[at]san\.so", line)]


class Rig:
    INI = {
        "camera": {"device": "/dev/video0", "fallback": "none", "width": 320, "height": 180, "fps": 30},
        "record": {"directory": "recordings", "segment_seconds": 10, "preset": "ultrafast"},
        "retention": {"min_free_gb": 0},
        "memory": {"minutes": 5, "max_mb": 64},
        "clips": {"directory": "clips"},
    }

    def __init__(self, settings=None, fps="30", cameras=1, name=None, frames=FRAMES):
        """settings: {section: {key: value}}, over INI."""
        self.folder = tempfile.mkdtemp(prefix="recorder-e2e.")
        self.name = name or f"e2e-{os.getpid()}-{os.path.basename(self.folder)[-4:].lower()}"
        self.ini = os.path.join(self.folder, "recorder.ini")
        self.recordings = os.path.join(self.folder, "recordings")
        self.clips = os.path.join(self.folder, "clips")
        self.cameras = [Camera(self.folder, f"/dev/video{number}", fps, frames) for number in range(cameras)]
        self.recorderd = self.web = None
        self.server_name = os.environ.get("WEB_SERVER", "lighttpd")
        self.workers = []  # where the web server does not start them itself
        self.tls = None    # an SSLContext, where the server's TLS is switched on
        self.port = None
        self.environment = dict(os.environ)
        # Neither LD_PRELOAD nor lighttpd's bin-path takes a path with a space in it.
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
        for shared in (f"/dev/shm/recorder.{self.name}", f"/dev/shm/recorder.{self.name}.live"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(shared)
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
        with open(self.ini, "w", encoding="utf-8") as ini:
            for section, keys in merged.items():
                ini.write(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))

    # -- processes

    def spawn(self, command, log, environment):
        with open(self.path(log), "ab") as output:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment,
                                    start_new_session=True)

    def start_recorderd(self, ini=None, log="recorderd.log"):
        with open(self.path("camera.conf"), "w", encoding="utf-8") as conf:
            conf.write("".join(camera.line + "\n" for camera in self.cameras))
        environment = dict(self.environment, CAMERA_PRELOAD=self.path("camera.conf"), LD_PRELOAD=self.preloaded())
        process = self.spawn([program("recorderd"), "-c", ini or self.ini], log, environment)
        if ini is None:
            self.recorderd = process
        return process

    def preloaded(self):
        """What recorderd has to be started with to see the cameras."""
        return ":".join([*sanitizer_of(program("recorderd")), self.library])

    def start_worker(self, name, config):
        """recorder-live or recorder-api, on a socket that it opens itself."""
        path = self.path(name.split("-")[1] + ".sock")
        self.workers.append(self.spawn([program(name), "-s", path], name + ".log", dict(self.environment, RECORDER_CONFIG=config)))
        wait_for(lambda: os.path.exists(path), 10, f"{name} listens")

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
        wait_for(self.web_answers, 10, f"{self.server_name} accepts connections")

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
        """Everything, and waits until frames are being recorded."""
        self.start_recorderd()
        self.start_web()
        wait_for(self.recording, 15, "frames are recorded")

    def recording(self):
        if self.recorderd.poll() is not None:
            raise AssertionError(f"recorderd ended with status {self.recorderd.returncode}")
        answer = self.get("/recordings")
        return answer.status == 200 and any(one["frames"] > 0 for one in answer.json())

    def streaming(self):
        """/camera_info, once it says that frames come; it is published some times a second."""
        info = self.get("/camera_info").json()
        return info if info["state"] == "streaming" else None

    def stop_process(self, process, sent=signal.SIGTERM, seconds=15):
        """Its exit status; what is left of its group is killed."""
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

    def get(self, path, method="GET", headers=None, body=None, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.sock = self.connect(timeout)
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def footage(self, from_us, to_us, headers=None):
        return self.get(f"/footage?from={from_us / US:.6f}&to={to_us / US:.6f}", headers=headers)

    def clip(self, from_us, to_us):
        """[(pts_us, number)] of the clip of [from, to)."""
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


def wait_for(condition, seconds, what):
    """Polls until the condition holds, and returns what it said."""
    deadline = time.monotonic() + seconds
    while True:
        met = condition()
        if met:
            return met
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def wall_us():
    return time.time_ns() // 1000


# --- TAP --------------------------------------------------------------------------------------------------------------

class Skipped(Exception):
    """Raised by a test that needs what this machine has not: it says what."""


def comment(text):
    for line in text.splitlines():
        print(f"# {line}")


def show_logs(rig):
    if rig is None:
        return
    for name in sorted(os.listdir(rig.folder)):
        if name.endswith(".log") and not name.startswith("video"):
            comment(f"--- {name}\n" + "\n".join(rig.log(name).splitlines()[-40:]))


def run_tests(namespace, rig=None):
    """Runs each function test_… of a module in the order of its lines, giving it `rig`; prints TAP and ends the program."""
    tests = [value for name, value in namespace.items() if name.startswith("test_") and callable(value)]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        title = test.__name__[len("test_"):].replace("_", " ")
        try:
            test(rig) if rig else test()
            print(f"ok {number} - {title}", flush=True)
        except Skipped as why:
            print(f"ok {number} - {title} # SKIP {why}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {title}")
            comment(traceback.format_exc())
            show_logs(rig)
            sys.stdout.flush()
    return 1 if failed else 0


def main(namespace, **rig_options):
    """run_tests with a running rig that all tests of the file share."""
    with Rig(**rig_options) as rig:
        try:
            rig.start()
        except Exception:  # pylint: disable=broad-except
            print("Bail out! the recorder does not start")
            comment(traceback.format_exc())
            show_logs(rig)
            sys.exit(1)
        status = run_tests(namespace, rig)
    sys.exit(status)
