"""Motion from Debian as a client: it decodes what it gets and saves a picture every second."""
import contextlib
import os
import shutil

from support.webserver import SEARCH

from clip_frames import clip_numbers

SETTINGS = """daemon off
setup_mode off
log_level 5
webcontrol_port 0
stream_port 0
width 320
height 180
framerate 30
picture_output off
movie_output off
threshold 100000
snapshot_interval 1
snapshot_filename snap-%v-%s
netcam_url {url}
target_dir {folder}
pid_file {folder}/motion.pid
"""
PATHS = {"stream": "/stream", "preset": "/?action=stream", "pictures": "/snapshot.jpg"}


def missing():
    """Why it cannot run here, or None."""
    return None if shutil.which("motion", path=SEARCH) else "motion is not installed"


class Motion:
    """with Motion(rig, "stream") as motion: ... watches the recorder at one of PATHS."""

    def __init__(self, rig, kind):
        self.rig, self.process = rig, None
        self.read = {}  # name of a picture: its number
        self.folder = rig.path(f"motion-{kind}-{rig.server_name}")
        self.url = f"http://127.0.0.1:{rig.port}{PATHS[kind]}"

    def __enter__(self):
        os.mkdir(self.folder)
        path = os.path.join(self.folder, "motion.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(SETTINGS.format(url=self.url, folder=self.folder))
        self.process = self.rig.spawn(["motion", "-n", "-c", path], "motion.log", self.rig.environment)
        return self

    def __exit__(self, *_):
        self.rig.stop_process(self.process)

    def numbers(self):
        """Those of the pictures that it has saved; -1 for its grey picture, which says that it has no connection."""
        for name in set(os.listdir(self.folder)) - set(self.read):
            if name.endswith(".jpg") and not os.path.islink(os.path.join(self.folder, name)):
                with contextlib.suppress(RuntimeError):  # it is being written
                    self.read[name] = clip_numbers(os.path.join(self.folder, name))[0]
        return set(self.read.values())
