#!/usr/bin/env python3
"""Another user has prepared /dev/shm: a recorder still records and can be read and controlled, and the other user can reach none of it."""
import contextlib
import glob
import json
import os
import shutil
import signal
import stat
import subprocess
import sys

from support.exact import second_after
from support.rig import Rig, program, user_folder
from support.tap import Skipped, run_tests
from support.times import PATIENCE_S, wait_for

STRANGER = 65534
ALONE = "STRANGERS_ALONE"
PYTHON = "/usr/bin/python3"  # another user may not be able to run that of a virtual environment
HUGE = 1 << 40
OTHERS = ("live", "video", "events", "motion")  # objects beside the ring: recorder.NAME.OTHER

# What the other user tries with everything of the recorder in /dev/shm: prints a line for each success.
ATTACK = """
import fcntl, glob, os, sys
for path in sorted(glob.glob("/dev/shm/recorder*") + glob.glob("/dev/shm/recorder*/*")):
    if os.lstat(path).st_uid == os.geteuid():
        continue
    for what, attempt in (("open", lambda: fcntl.flock(os.open(path, os.O_RDONLY | os.O_NONBLOCK), fcntl.LOCK_EX | fcntl.LOCK_NB)),
                          ("truncate", lambda: os.truncate(path, 0)), ("remove", lambda: os.unlink(path)), ("remove", lambda: os.rmdir(path)),
                          ("rename", lambda: os.rename(path, "/dev/shm/mine")), ("replace", lambda: os.rename("/dev/shm/decoy", path)),
                          ("list", lambda: os.listdir(path)), ("chmod", lambda: os.chmod(path, 0o777))):
        try:
            attempt()
            print(what, path)
        except OSError:
            pass
"""


def as_stranger(*command, **options):
    return subprocess.run(command, user=STRANGER, group=STRANGER, extra_groups=[], capture_output=True, text=True, check=False,
                          timeout=PATIENCE_S, **options)


def make_file(path, mode=0o666, size=100):
    with open(path, "wb") as file:
        file.truncate(size)
    os.chmod(path, mode)


KINDS = {
    "open to all": make_file,
    "private": lambda path: make_file(path, 0o600),
    "huge": lambda path: make_file(path, 0o666, HUGE),
    "folder": os.mkdir,
    "pipe": lambda path: os.mkfifo(path, 0o666),
    "link": lambda path: os.symlink("/etc/passwd", path),
    "dangling": lambda path: os.symlink("/dev/shm/not-there", path),
}


class TakenNames(Rig):
    """A rig whose names in /dev/shm are taken."""
    arguments = ("--keep-memory",)

    def names(self):
        """The usual names of the recorder."""
        ring = f"/dev/shm/recorder.{self.name}"
        replaced = [f"{ring}.{other}.new" for other in OTHERS if other != "live"]
        return [ring, ring + ".new", user_folder().rstrip("/"), *(f"{ring}.{other}" for other in OTHERS), *replaced]

    def take_names(self, shift):
        """Takes each name with another kind of file."""
        kinds = list(KINDS.values())
        for at, path in enumerate(self.names()):
            kinds[(shift + at) % len(kinds)](path)
            os.lchown(path, STRANGER, STRANGER)

    def free_names(self):
        for path in self.names():
            with contextlib.suppress(OSError):
                os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)

    def folder_of_user(self):
        path, = [path for path in glob.glob(user_folder().rstrip("/") + "*") if os.lstat(path).st_uid == os.geteuid()]
        return path

    def ring_file(self):
        """The ring of this user, under whatever name."""
        path, = [path for path in glob.glob(f"/dev/shm/recorder.{self.name}*") if os.lstat(path).st_uid == os.geteuid()
                 and not path.startswith(tuple(f"/dev/shm/recorder.{self.name}.{other}" for other in OTHERS))]
        return path

    def __exit__(self, *problem):
        self.stop()
        self.free_names()
        super().__exit__(*problem)


def facts(paths):
    """What the recorder must not change."""
    return {path: (status.st_ino, status.st_mode, status.st_uid, status.st_size) for path in paths for status in [os.lstat(path)]}


def status_of(rig):
    done = subprocess.run([program("recorderd"), "-c", rig.ini, "--status", "--json"], capture_output=True, text=True, check=False,
                          timeout=PATIENCE_S)
    return json.loads(done.stdout)[0]


def warnings(rig):
    return [text for text in rig.get("/health").json()["warnings"] if "/dev/shm/recorder." in text]


def is_served(rig):
    """All programs find it: the live picture, the API, the counters, the control socket and --status."""
    wait_for(lambda: rig.get("/snapshot").status == 200, PATIENCE_S, "the API reads the ring")
    wait_for(lambda: rig.get("/stream", "HEAD").status == 200, PATIENCE_S, "the live picture is there")
    assert "recorder_live_frames_total{" in rig.get("/metrics").body.decode(), "the counters are not read"
    wait_for(lambda: rig.get("/control?recording=on", "POST").status == 200, PATIENCE_S, "it accepts commands")
    wait_for(lambda: status_of(rig)["status"] in ("ok", "warning"), PATIENCE_S, "recorderd --status reads the ring")
    return True


def recorded(rig):
    wait_for(rig.recording, PATIENCE_S, "frames are recorded")
    second_us = second_after(rig.camera.newest())
    rig.new_frames(60)
    wait_for(lambda: rig.footage(second_us, second_us + 1000000).status == 200, PATIENCE_S, "there is a clip of it")
    return second_us


def test_whatever_has_its_names_it_records_and_is_found():
    for shift in range(0, len(KINDS), 2):
        with TakenNames({"http": {"allow_control": "yes"}}) as rig:
            rig.take_names(shift)
            before = facts(rig.names())
            rig.start()
            from_us = recorded(rig)
            is_served(rig)
            warning, counters = warnings(rig)
            assert f"/dev/shm/recorder.{rig.name} " in warning and "another name" in warning, warning
            assert warning.split(". ")[0] in rig.log(), rig.log()
            assert f"{rig.name}.live belongs to another user" in counters and counters in rig.log("lighttpd.log"), counters
            ring = rig.ring_file()
            make_file("/dev/shm/decoy")
            os.chown("/dev/shm/decoy", STRANGER, STRANGER)
            got = as_stranger(PYTHON, "-c", ATTACK)
            os.unlink("/dev/shm/decoy")
            assert (got.returncode, got.stdout, got.stderr) == (0, "", ""), got
            # The other user truncates the huge file: nobody has mapped it.
            as_stranger(PYTHON, "-c", f"import os\nfor path in {rig.names()!r}:\n try: os.truncate(path, 0)\n except OSError: pass")
            # A restart keeps the memory, even with another size.
            inode = os.stat(ring).st_ino
            rig.stop_recorderd()
            rig.start_recorderd()
            wait_for(rig.streaming, PATIENCE_S, "the recorder streams again")
            assert (rig.ring_file(), os.stat(ring).st_ino) == (ring, inode) and "took over the frames" in rig.log(), rig.log()
            rig.stop_recorderd(signal.SIGKILL)
            rig.write_ini({"http": {"allow_control": "yes"}, "memory": {"max_mb": 32}})
            rig.start_recorderd()
            wait_for(rig.streaming, PATIENCE_S, "another recorder follows the killed one")
            is_served(rig)
            assert rig.footage(from_us, from_us + 1000000).status == 200
            assert os.stat(rig.ring_file()).st_ino != inode, "the ring has not been replaced"
            after = facts(rig.names())
            assert {path: fact[:3] for path, fact in before.items()} == {path: fact[:3] for path, fact in after.items()}
            # Once the names are free, the recorder uses them again, with its memory.
            inode = os.stat(rig.ring_file()).st_ino
            rig.stop_recorderd()
            os.unlink(rig.names()[0]) if not os.path.isdir(rig.names()[0]) or os.path.islink(rig.names()[0]) else os.rmdir(rig.names()[0])
            rig.start_recorderd()
            wait_for(rig.streaming, PATIENCE_S, "the recorder streams again")
            assert rig.ring_file() == rig.names()[0] and os.stat(rig.names()[0]).st_ino == inode
            is_served(rig)
            assert warnings(rig) == [counters], warnings(rig)
            # It frees the memory, whatever its name.
            rig.stop_recorderd(signal.SIGINT)
            assert not [path for path in glob.glob(f"/dev/shm/recorder.{rig.name}*") if os.lstat(path).st_uid == os.geteuid()
                        and ".live" not in path]
            assert not glob.glob(os.path.join(rig.folder_of_user(), f"{rig.name}.lock")), "its lock is left"
            rig.stop()
            shutil.rmtree(rig.folder_of_user())


def test_a_name_that_is_taken_while_it_runs_is_given_up():
    with TakenNames({"http": {"allow_control": "yes"}}) as rig:
        rig.start()
        os.unlink(rig.names()[0])  # only its owner and root can do that
        make_file(rig.names()[0])
        os.chown(rig.names()[0], STRANGER, STRANGER)
        wait_for(lambda: warnings(rig), PATIENCE_S, "/health reports it")
        is_served(rig)
        shutil.rmtree(rig.folder_of_user())
        wait_for(lambda: os.path.isdir(user_folder(f"{rig.name}.lock")), PATIENCE_S, "its lock is there again")
        wait_for(lambda: rig.get("/snapshot").status == 200, PATIENCE_S, "and the name of the ring")
        wait_for(lambda: rig.get("/control?recording=on", "POST").status == 200, PATIENCE_S, "and it accepts commands")
        with Rig(name=rig.name) as other:
            second = other.start_recorderd()
            assert second.wait(PATIENCE_S) == 1 and "already running" in other.log(), other.log()
        rig.stop_recorderd(signal.SIGINT)


def test_a_recorder_of_another_user_is_not_mistaken_for_none():
    with TakenNames() as rig:
        rig.start()
        rig.stop_recorderd(signal.SIGKILL)
        os.chown(rig.names()[0], STRANGER, STRANGER)
        reasons = wait_for(lambda: [text for text in rig.get("/health").json()["reasons"] if "as one user" in text], PATIENCE_S, "/health reports it")
        assert f"{rig.names()[0]} belongs to user {STRANGER}." in reasons[0] and f"runs as user {os.geteuid()}," in reasons[0], reasons
        for path in "/camera_info", "/snapshot", "/":
            answer = rig.get(path)
            assert (answer.status, answer.detail) == (503, reasons[0]), (path, answer.detail)
        assert rig.log("lighttpd.log").count(reasons[0]) == 1, rig.log("lighttpd.log")


class OfStranger:
    """Another user's recorder of the same name, with a test picture."""

    def __init__(self, name):
        self.folder = f"/tmp/recorder-of-stranger-{os.getpid()}"
        self.ini = os.path.join(self.folder, "recorder.ini")
        os.mkdir(self.folder)
        with open(self.ini, "w", encoding="ascii") as file:
            file.write(f"[camera]\nname = {name}\ndevice = test\nwidth = 320\nheight = 180\n[memory]\nmax_mb = 16\n"
                       f"[record]\ndirectory = {self.folder}/recordings\n[clips]\ndirectory = {self.folder}/clips\n")
        os.chown(self.folder, STRANGER, STRANGER)
        self.process = None

    def start(self):
        self.process = subprocess.Popen([program("recorderd"), "-c", self.ini], user=STRANGER, group=STRANGER, extra_groups=[],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        wait_for(lambda: as_stranger(program("recorderd"), "-c", self.ini, "--status").returncode == 0, PATIENCE_S, "the other user's recorder records")

    def stop(self, sent):
        self.process.send_signal(sent)
        self.process.wait(PATIENCE_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder)
        for left in glob.glob(f"/dev/shm/recorder-{STRANGER}*"):
            shutil.rmtree(left)


def leftovers():
    return subprocess.run([program("recorderd"), "--leftovers"], capture_output=True, text=True, check=False, timeout=PATIENCE_S).stdout


def test_two_users_cameras_of_one_name_are_two_cameras():
    if as_stranger(program("recorderd"), "--help").returncode != 0:
        raise Skipped("another user cannot run the programs of this folder")
    with TakenNames({"http": {"allow_control": "yes"}}) as rig, OfStranger(rig.name) as other:
        other.start()
        rig.start()
        recorded(rig)
        is_served(rig)
        assert rig.get("/control?recording=off", "POST").status == 200
        wait_for(lambda: rig.get("/camera_info").json()["recording"]["state"] == "off", PATIENCE_S, "this user's recording is off")
        others = json.loads(as_stranger(program("recorderd"), "-c", other.ini, "--status", "--json").stdout)[0]
        assert others["recording"]["state"] == "recording", others
        # What it leaves when it is killed is in nobody's way, and is listed with its owner.
        assert rig.name not in as_stranger(program("recorderd"), "--leftovers").stdout, "both run"
        other.stop(signal.SIGKILL)
        listed = wait_for(leftovers, PATIENCE_S, "it is listed as left over")
        assert listed.count(f"camera {rig.name}") == 1 and "of user nobody" in listed, listed
        rig.stop_recorderd()
        rig.start_recorderd()
        wait_for(rig.streaming, PATIENCE_S, "this user's recorder starts again")
        mine = rig.ring_file()
        freed = as_stranger(program("recorderd"), "--free-memory", "-n", rig.name)
        assert freed.returncode == 0 and "freed" in freed.stdout, freed
        assert os.path.exists(mine) and not os.path.exists(rig.names()[0])
        rig.stop_recorderd(signal.SIGINT)
        assert not os.path.exists(mine)


def test_nothing_but_an_empty_folder_is_left_of_them():
    left = [path for path in glob.glob("/dev/shm/*") if not stat.S_ISDIR(os.lstat(path).st_mode) or os.listdir(path)]
    assert not left, left


if __name__ == "__main__":
    if ALONE not in os.environ:
        COMMAND = ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv]
        if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
            print("1..0 # SKIP needs root, to be two users with a /dev/shm of their own")
            sys.exit(0)
        os.execvpe("unshare", COMMAND, {**os.environ, ALONE: "1"})
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512m,mode=1777", "tmpfs", "/dev/shm"], check=True)
    sys.exit(run_tests(globals()))
