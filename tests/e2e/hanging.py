"""A disk that stops to answer, whatever is asked of it: a FUSE file system (bindfs) whose process stands still. What the kernel keeps of
it is out of date within a second, so that opening, reading, looking and listing all wait, in a way that no signal ends."""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

from rig import PATIENCE_S, wait_for


def may_hang():
    """Whether such a file system can be mounted here."""
    if not shutil.which("bindfs") or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return False
    folder = tempfile.mkdtemp()
    try:
        with HangingDisk(folder):
            return True
    except (AssertionError, OSError):
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class HangingDisk:
    """`path` is where it is mounted; what is on it stands in a folder beside that."""

    def __init__(self, folder, name="disk"):
        self.path, self.behind = os.path.join(folder, name), os.path.join(folder, name + ".behind")
        os.mkdir(self.path)
        os.mkdir(self.behind)
        self.process = subprocess.Popen(["bindfs", "-f", "-o", "attr_timeout=0,entry_timeout=0", self.behind, self.path],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: os.path.ismount(self.path) or self.process.poll() is not None, PATIENCE_S, "it is mounted")
            assert self.process.poll() is None, "bindfs mounts nothing"
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

    def close(self):
        """Whoever still waits for it is told that it is gone."""
        self.answer()
        subprocess.run(["umount", "-l", self.path], check=False, capture_output=True)
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE_S)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
