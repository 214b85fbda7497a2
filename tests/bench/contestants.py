"""The programs that are compared: each gets the same frames from the preloaded camera and sends them as MJPEG over HTTP."""
import os
import re
import shutil
import subprocess
import sys

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "tests", "e2e"))

from measure import command, family  # noqa: E402  pylint: disable=wrong-import-position
from support import BUILD  # noqa: E402  pylint: disable=wrong-import-position
from support.rig import Rig, free_port  # noqa: E402  pylint: disable=wrong-import-position
from support.times import wait_for  # noqa: E402  pylint: disable=wrong-import-position

FRAMES = os.path.join(BUILD, "tests", "frames", "hd.frames")
FRAME_COUNT = 1200
FPS = 60

SETTINGS = {
    "camera": {"width": 1280, "height": 720, "fps": FPS},
    "record": {"segment_seconds": 60, "preset": "superfast"},
    "memory": {"minutes": 2, "max_mb": 1024},
    "http": {"max_viewers": 1000},
    "motion": {"enabled": "yes"},  # as shipped
}


class Recorder(Rig):
    """The recorder as it is shipped."""

    label = "recorder"
    path_of_stream = "/stream"

    def __init__(self, recording=False, settings=None, frames=FRAMES):
        merged = {section: dict(keys) for section, keys in SETTINGS.items()}
        merged["record"]["enabled"] = "yes" if recording else "no"
        for section, keys in (settings or {}).items():
            merged.setdefault(section, {}).update(keys)
        super().__init__(merged, fps=str(FPS), frames=frames)
        self.with_recording = recording
        self.camera.fault("stamp")

    def __enter__(self):
        try:
            self.start_recorderd()
            self.start_web()
            wait_for(self.ready, 20, "the recorder is ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def ready(self):
        return self.recording() if self.with_recording else self.get("/camera_info").status == 200 and self.streaming()

    def serving(self):
        """The processes that a live picture passes through: recorderd without its encoder, lighttpd, recorder-live."""
        return [self.recorderd.pid, *self.web_processes("lighttpd"), *self.web_processes("recorder-live")]

    def web_processes(self, name):
        return [pid for pid in family(self.web.pid) if command(pid) == name]


class Other(Rig):
    """Another program with the same camera. It uses only the folders and cameras of a Rig."""

    label = program_name = None

    def __init__(self):
        super().__init__(fps=str(FPS), frames=FRAMES)
        self.camera.fault("stamp")
        self.process = None

    @classmethod
    def program(cls):
        return os.environ.get(cls.program_name.upper()) or shutil.which(cls.program_name)

    def __enter__(self):
        with open(self.path("camera.conf"), "w", encoding="utf-8") as conf:
            conf.write(self.camera.line + "\n")
        self.port = free_port()
        environment = dict(os.environ, CAMERA_PRELOAD=self.path("camera.conf"), LD_PRELOAD=self.library)
        try:
            self.process = self.spawn(self.command(), "other.log", environment)
            wait_for(self.web_answers, 10, f"{self.label} accepts connections")
            wait_for(lambda: self.camera.counter("delivered") > FPS / 2, 10, f"{self.label} takes frames")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *arguments):
        self.stop_process(self.process)
        super().__exit__(*arguments)

    def command(self):
        raise NotImplementedError

    def serving(self):
        return family(self.process.pid)


class UStreamer(Other):
    label = program_name = "ustreamer"
    path_of_stream = "/stream"

    def command(self):
        return [self.program(), "--device=/dev/video0", "--resolution=1280x720", "--format=MJPEG", "--encoder=HW",
                f"--desired-fps={FPS}", "--host=127.0.0.1", f"--port={self.port}", "--log-level=0"]


class Motion(Other):
    """It decodes each frame and compresses it again for its viewers, so the age of a frame is not known."""

    label = program_name = "motion"
    path_of_stream = "/"

    def command(self):
        settings = {
            "video_device": "/dev/video0", "video_params": "palette=8", "width": 1280, "height": 720, "framerate": FPS,
            "stream_port": self.port, "stream_localhost": "on", "stream_maxrate": FPS, "stream_quality": 75,
            "webcontrol_port": 0, "picture_output": "off", "movie_output": "off", "threshold": 100000000, "log_level": 3,
            "log_file": self.path("motion.log"), "target_dir": self.folder,
        }
        with open(self.path("motion.conf"), "w", encoding="utf-8") as conf:
            conf.write("daemon off\n" + "".join(f"{key} {value}\n" for key, value in settings.items()))
        return [self.program(), "-n", "-c", self.path("motion.conf")]


def present(kinds, say):
    """Returns the kinds that are installed, and says which are not."""
    found = []
    for kind in kinds:
        if kind.program():
            found.append(kind)
        else:
            say(f"{kind.label} is not installed: skipped")
    return found


def version(kind):
    if kind is Recorder:
        return subprocess.run(["git", "-C", PROJECT, "describe", "--always"], capture_output=True, text=True, check=False).stdout.strip()
    done = subprocess.run([kind.program(), "--version" if kind is UStreamer else "-h"], capture_output=True, text=True, check=False)
    return re.search(r"\d+(\.\d+)+", done.stdout)[0]
