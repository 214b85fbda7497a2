"""A whole recorder in a folder of its own: camera (tests/preload), recorderd, both workers behind a web server; and TAP.

    with Rig() as rig:
        rig.start()
        answer = rig.get("/recordings")

The folder of the programs is $BUILD (default: build), the web server $WEB_SERVER (support/webserver.py). Everything that a rig starts
is stopped by process id.

A test program runs all of its cases in their order. With arguments it runs only the ones that they name, each by its number or by a
part of its title, and the plan line counts these:

    BUILD=build tests/e2e/test_gaps.py                          # all of them
    BUILD=build tests/e2e/test_gaps.py 13 "names each gap"      # two of them

So that each case passes alone as well as behind the others, a case asks for nothing that an earlier one made. Where a case may leave
a shared recorder in trouble, `main(globals(), before=Rig.well)` brings it into its usual state before each case. A case takes its
ranges of time from the frames of the camera's log (support/exact.py), and it waits for states, never for a time.
"""
import contextlib
import datetime
import functools
import glob
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

from support import PROJECT, webserver
from support.run_delays import RunDelays

from clip_frames import clip_frames

BUILD = os.path.join(PROJECT, os.environ.get("BUILD", "build"))
FRAMES = os.path.join(BUILD, "tests", "frames", "small.frames")
US = 1000000
PATIENCE_S = 60  # how long a state may take to come on a machine that is busy with other things

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

    def newest(self):
        """The frame that was taken last."""
        return self.frames()[-1]

    def wait_for_frames(self, count):
        """Waits until so many more frames were taken."""
        before = len(self.frames())
        wait_for(lambda: len(self.frames()) >= before + count, count / 10 + PATIENCE_S, f"{count} more frames")

    def heal(self):
        """Takes every fault away."""
        for name in self.NAMES:
            if name.startswith("CONTROL_") and name not in ("CONTROL_BYTES", "CONTROL_FAULTS"):
                self.fault(name[len("CONTROL_"):], 0)


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


def user_folder(name=""):
    """The folder of this user's recorders (shared/ring/user_folder.h), or what is in it."""
    return os.path.join(f"/dev/shm/recorder-{os.geteuid()}", name)


def forget_memory(name):
    """What killed programs have left of a camera in /dev/shm."""
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
    }

    arguments = ()  # of recorderd, besides its configuration

    def __init__(self, settings=None, fps="30", cameras=1, name=None, frames=FRAMES):
        """settings: {section: {key: value}}, over INI."""
        self.folder = tempfile.mkdtemp(prefix="recorder-e2e.")
        self.name = name or f"e2e-{os.getpid()}-{os.path.basename(self.folder)[-4:].lower()}"
        self.ini = os.path.join(self.folder, "recorder.ini")
        self.recordings = os.path.join(self.folder, "recordings")
        self.clips = os.path.join(self.folder, "clips")
        self.cameras = [Camera(self.folder, f"/dev/video{number}", fps, frames) for number in range(cameras)]
        self.recorderd = self.web = None
        self.delays = []  # a RunDelays of each recorder
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
        process = self.spawn([program("recorderd"), *self.arguments, "-c", ini or self.ini], log, environment)
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
        """Everything, and waits until frames are being recorded."""
        self.start_recorderd()
        self.start_web()
        wait_for(self.recording, PATIENCE_S, "frames are recorded")

    def recording(self):
        if self.recorderd.poll() is not None:
            raise AssertionError(f"recorderd ended with status {self.recorderd.returncode}")
        answer = self.get("/recordings")
        return answer.status == 200 and any(one["frames"] > 0 for one in answer.json())

    def streaming(self):
        """/camera_info, once it says that frames come; it is published some times a second."""
        info = self.get("/camera_info").json()
        return info if info["state"] == "streaming" else None

    def well(self):
        """Brings everything into its usual state, whatever the case before left: no fault, all programs run, and frames are recorded."""
        for camera in self.cameras:
            camera.heal()
        if self.recorderd is None or self.recorderd.poll() is not None:
            self.stop_recorderd()
            self.start_recorderd()
        if self.web is None or self.web.poll() is not None:
            self.stop_web()
            self.start_web()
        wait_for(self.is_well, PATIENCE_S, "the recorder is in its usual state")

    def is_well(self):
        """Frames come, are recorded, and /health has no complaint. Recording that was switched off is switched on."""
        info = self.get("/camera_info").json()
        if info["recording"]["state"] == "off":
            self.get("/control?recording=on", method="POST")
        return info["state"] == "streaming" and info["recording"]["state"] == "recording" and self.get("/health").status == 200

    def stop_process(self, process, sent=signal.SIGTERM, seconds=PATIENCE_S):
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

    def get(self, path, method="GET", headers=None, body=None, timeout=PATIENCE_S):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.sock = self.connect(timeout)
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def new_frames(self, count):
        self.camera.wait_for_frames(count)

    def indexed(self):
        """Waits until the frames that were taken so far are on disk, and one that was taken later."""
        last_us = self.camera.newest().wall_us
        wait_for(lambda: self.newest_indexed_us() > last_us, PATIENCE_S, "recorded up to now")

    def newest_indexed_us(self):
        until = self.get("/camera_info").json()["recording"]["indexed_until"]
        return time_us(until) if until else 0

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
    """
    Polls until the condition holds, and returns what it said. An answer without what the condition looks for, such as the 503 of a
    recorder that is still starting, does not end the wait.
    """
    deadline = time.monotonic() + seconds
    while True:
        late = time.monotonic() > deadline  # one look more is due where this process itself stood still
        met = wrong = None
        try:
            met = condition()
        except (LookupError, TypeError, ValueError) as error:
            wrong = error
        if met:
            return met
        if late:
            raise AssertionError(f"not within {seconds} s: {what}") from wrong
        time.sleep(0.05)


def time_us(text):
    """Microseconds since 1970 of an ISO 8601 time with an offset."""
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * US)


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


def shared(make):
    """
    A decorator of a function that makes what several cases look at: the first case that asks for it has it made, and where that fails
    it fails each of them.
    """
    made = []

    @functools.wraps(make)
    def get(*arguments):
        if not made:
            try:
                made.append((make(*arguments), None))
            except Skipped:
                raise
            except Exception as error:  # pylint: disable=broad-except
                made.append((None, error))
        what, error = made[0]
        if error:
            raise AssertionError(f"this case looks at what {make.__name__} makes, and that failed: {error}") from error
        return what
    return get


def title_of(test):
    return test.__name__[len("test_"):].replace("_", " ")


def chosen(tests, words, title=title_of):
    """The tests that the words name, each by its number or by a part of its title, in their own order; all where there is no word."""
    def named(number, test, word):
        return int(word) == number if word.isdigit() else word.replace("_", " ") in title(test)
    for word in words:
        if not any(named(number, test, word) for number, test in enumerate(tests, 1)):
            print(f"Bail out! there is no case {word!r} here")
            sys.exit(1)
    return [test for number, test in enumerate(tests, 1) if not words or any(named(number, test, word) for word in words)]


def run_tests(namespace, rig=None, before=None):
    """
    Runs each function test_… of a module in the order of its lines, giving it `rig`; prints TAP and returns the exit status of the
    program. before: is given `rig` before each of them. The program's arguments choose some of the tests.
    """
    tests = [value for name, value in namespace.items() if name.startswith("test_") and callable(value)]
    tests = chosen(tests, sys.argv[1:])
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        title = title_of(test)
        try:
            if before:
                before(rig)
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


def main(namespace, before=None, **rig_options):
    """run_tests with a running rig that all tests of the file share."""
    with Rig(**rig_options) as rig:
        try:
            rig.start()
        except Exception:  # pylint: disable=broad-except
            print("Bail out! the recorder does not start")
            comment(traceback.format_exc())
            show_logs(rig)
            sys.exit(1)
        status = run_tests(namespace, rig, before)
    sys.exit(status)
