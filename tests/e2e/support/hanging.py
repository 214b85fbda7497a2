"""
A disk that stops answering. If file systems can be mounted, it is a FUSE file system (bindfs) whose process
is stopped: open, read, stat and readdir all wait, and no signal interrupts them. Otherwise, or with HANGING=preload, the calls of
the C library wait (tests/preload/disk.c).
"""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading

from support import BUILD
from support.faulty_rig import Disk
from support.times import PATIENCE_S, wait_for


def hanging_disk(folder):
    return HangingDisk(folder) if may_mount() else PreloadedDisk(folder)


def may_mount():
    if os.environ.get("HANGING") == "preload" or not shutil.which("bindfs") or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return False
    folder = tempfile.mkdtemp()
    try:
        with HangingDisk(folder):
            return True
    except (AssertionError, OSError):
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class PreloadedDisk:
    """`path` is an ordinary folder. A process that shall wait there is started with `library` preloaded and with `environment`."""

    library = os.path.join(BUILD, "tests", "preload", "disk.so")

    def __init__(self, folder, name="disk"):
        self.path, self.control = os.path.join(os.path.realpath(folder), name), Disk(folder)
        os.mkdir(self.path)
        self.environment = {"DISK_PRELOAD": self.control.path, "DISK_FOLDER": self.path}

    def hang(self):
        self.control.hangs()
        self.control.set("READ_HANG", 1)

    def answer(self):
        self.control.set("READ_HANG", 0)
        self.control.hangs(False)

    def hangs(self):
        return self.control.get("HELD") > 0

    close = answer


class HangingDisk:
    """`path` is the mount point; the files are in a folder next to it."""

    library, environment = None, {}

    def __init__(self, folder, name="disk"):
        self.path, self.behind = os.path.join(folder, name), os.path.join(folder, name + ".behind")
        os.mkdir(self.path)
        os.mkdir(self.behind)
        self.process = subprocess.Popen(["bindfs", "-f", "-o", "attr_timeout=0,entry_timeout=0", self.behind, self.path],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: os.path.ismount(self.path) or self.process.poll() is not None, PATIENCE_S, "the file system is mounted")
            assert self.process.poll() is None, "bindfs has failed"
        except AssertionError:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def answer(self):
        self.process.send_signal(signal.SIGCONT)

    def hangs(self):
        """Whether listing it does not return."""
        looked = threading.Thread(target=os.listdir, args=(self.path,), daemon=True)
        looked.start()
        looked.join(0.05)
        return looked.is_alive()

    def close(self):
        """Processes that still wait for it get an error."""
        self.answer()
        subprocess.run(["umount", "-l", self.path], check=False, capture_output=True)
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE_S)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
