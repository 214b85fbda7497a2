"""A rig whose folders can have other file systems mounted over them while it runs."""
import contextlib
import glob
import os
import subprocess
import tempfile

from support.faulty_rig import COUNT, FaultyRig
from support.no_landlock import without_landlock
from support.times import PATIENCE_S, wait_for

from clip_frames import clip_numbers

SIZE_MB = 32
EVERY_WORKER = 24  # that many requests reach each of them


def run(*command):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout.strip()


def is_mounted(path):
    """Whether something is mounted there, even a folder of the same file system."""
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        return any(line.split()[1] == path for line in mounts)


class FileSystem:
    """An ext4 in an image. It keeps its loop device, so it has the same device and inode numbers wherever it is mounted."""

    def __init__(self, folder, size_mb=SIZE_MB):
        image = tempfile.mktemp(dir=folder, suffix=".img")
        with open(image, "wb") as file:
            file.truncate(size_mb << 20)
        run("mkfs.ext4", "-q", "-F", image)
        self.device = run("losetup", "-f", "--show", image)

    def mount(self, path):
        run("mount", self.device, path)

    def is_free(self):
        """Whether it is not mounted anywhere and no file on it is open."""
        try:
            os.close(os.open(self.device, os.O_RDONLY | os.O_EXCL))
            return True
        except OSError:
            return False

    def detach(self):
        subprocess.run(["losetup", "-d", self.device], check=False, capture_output=True)


class MountedRig(FaultyRig):
    """`disk_path` is the mount point above recordings and clips; `below` always shows what is there without the mount."""

    def __init__(self, settings=None, sandbox=True, **options):
        self.sandbox, self.systems, self.settings = sandbox, [], settings or {}
        super().__init__(**options)
        self.disk_path, self.below = self.path("disk"), self.path("below")
        self.recordings, self.clips = os.path.join(self.disk_path, "recordings"), os.path.join(self.disk_path, "clips")
        os.mkdir(self.disk_path)
        os.mkdir(self.below)
        run("mount", "--bind", self.disk_path, self.below)
        self.configure()

    def configure(self, **changes):
        """Writes the configuration; changes such as record={...} override the settings."""
        mine = {"record": {"directory": self.recordings, "segment_seconds": 600}, "clips": {"directory": self.clips},
                "http": {"allow_control": "yes"}, "retention": {"hours": 0, "min_free_gb": 0}}
        for more in (self.settings, changes):
            for section, keys in more.items():
                mine.setdefault(section, {}).update(keys)
        self.write_ini(mine)

    def spawn(self, command, log, environment):
        if not self.sandbox and not command[0].endswith("recorderd"):
            command = without_landlock(command)
        return super().spawn(command, log, environment)

    def __exit__(self, *why):
        self.stop()
        for path in (self.recordings, self.clips, self.disk_path, self.below):
            while is_mounted(path):
                run("umount", "-l", path)
        for system in self.systems:
            system.detach()
        super().__exit__(*why)

    # -- mounting

    def new_file_system(self):
        self.systems.append(FileSystem(self.folder))
        return self.systems[-1]

    def unmount(self, *how):
        run("umount", *how, self.disk_path)

    def no_recorder(self):
        """Stops recorderd, which holds its folder open, so that a file system can really be unmounted."""
        if self.recorderd:
            assert self.stop_recorderd() == 0

    def need(self):
        """The value for require_mount: yes, or the path if the test's folders are not on the file system of / anyway."""
        return "yes" if os.stat(self.below).st_dev == os.stat("/").st_dev else self.disk_path

    def content_below(self):
        return sorted(os.path.join(folder, name) for folder, _, names in os.walk(self.below) for name in names)

    def bare(self):
        """Stops the recorder, unmounts everything and restores the usual settings."""
        self.no_recorder()
        while is_mounted(self.disk_path):
            self.unmount("-l")
        self.configure()

    # -- what clients see

    def statuses(self, path, method="GET"):
        return {self.get(path, method).status for _ in range(EVERY_WORKER)}

    def files(self):
        return [one["file"] for one in self.segments()]

    def records_into(self, folder, count=1):
        """Waits until that many segments are in a folder and the newest of them is being recorded."""
        def made():
            answer = self.get("/camera_info").json()["recording"]
            files = glob.glob(os.path.join(folder, "recording_*.mp4"))
            return len(files) >= count and answer["state"] == "recording" and os.path.join(folder, answer["file"]) in files
        wait_for(made, PATIENCE_S, f"recording into {folder}")

    def numbers_in(self, folder):
        """The frame numbers in a folder's segments, in the order of the file names."""
        files = sorted(glob.glob(os.path.join(folder, "recording_*.mp4")))
        with open(self.path("found.txt"), "w", encoding="utf-8") as listed:
            listed.write("".join(f"file '{file}'\n" for file in files))
        return clip_numbers(self.path("found.txt"), ["-f", "concat", "-safe", "0"]) if files else []

    def listed_states(self, folder):
        """(segments, complete ones) in the list that a recorder has left in a folder."""
        with contextlib.suppress(OSError, ValueError), open(os.path.join(folder, "recording_index.json"), encoding="utf-8") as file:
            text = file.read()
            return text.count('"state"'), text.count('"complete"')
        return 0, 0


def numbers(frames):
    return [frame.number % COUNT for frame in frames]


def is_allowed():
    """Whether file systems can be mounted here."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    folder = tempfile.mkdtemp()
    try:
        system = FileSystem(folder)
        try:
            os.mkdir(os.path.join(folder, "here"))
            system.mount(os.path.join(folder, "here"))
            run("umount", os.path.join(folder, "here"))
        finally:
            system.detach()
        return True
    except (OSError, subprocess.CalledProcessError):
        return False
    finally:
        run("rm", "-rf", folder)
