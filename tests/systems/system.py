"""A freshly made release of Debian with this project's sources, and what the README promises about `make run` there.

    make test-systems                      all supported systems, in full
    tests/systems/whole.py trixie          one release in full: make run, unit tests, end-to-end tests, package
    tests/systems/test_debian13.py         the short form, which `make test` runs

Needs root and a network. Everything happens in a folder that is removed afterwards, in mount and process namespaces that end
with the test. $BUILD/fresh keeps the bare Debian, $BUILD/systems the logs.
"""
import contextlib
import ctypes
import fcntl
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path[:0] = [os.path.join(PROJECT, "tests", folder) for folder in ("install", "e2e", "camera")]

# pylint: disable=wrong-import-position
from indexes import index_files, wall_times  # noqa: E402
from package import BUILD, Skipped, output_of, unpack_debian  # noqa: E402
from support.tap import comment  # noqa: E402
from support.times import US, wait_for  # noqa: E402

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive"}
SOURCE = "/root/recorder"  # inside the chroot
STRICT = "build/strict"
PORT = 5000  # the README's
CLONE_NEWNET = 0x40000000
TICK_US = 12  # a tick of a clip is 1/90000 s
VERSIONS = ("gcc", "ffmpeg", "lighttpd", "libfcgi-dev", "libiniparser-dev", "libjson-c-dev", "libseccomp-dev", "apache2-bin", "nginx")


class System:
    def __init__(self, root, suite):
        self.root, self.suite, self.process = root, suite, None
        self.folder = os.path.join(BUILD, "systems", suite)  # for logs
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)

    def inside(self, path):
        return self.root + path

    def log(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as log:
            return log.read()

    def make(self):
        """Unpacks and mounts the bare system, and copies the sources into it."""
        unpack_debian(self.root, self.suite)
        output_of("mount", "-t", "proc", "proc", self.inside("/proc"))
        output_of("mount", "--rbind", "/dev", self.inside("/dev"))
        for folder in ("/dev/shm", "/tmp"):
            output_of("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", self.inside(folder))
        for camera in glob.glob("/dev/video*"):  # this machine's cameras must not be recorded
            output_of("mount", "--bind", "/dev/null", self.inside(camera))
        os.makedirs(self.inside(SOURCE))
        copy_sources(self.inside(SOURCE))
        # The README says that these must be there first.
        status = self.start("apt", "sh", "-c", "apt-get -q update && apt-get -q -y --no-install-recommends install git make").wait()
        if status != 0 and re.search("Could not resolve|Could not connect|Failed to fetch", self.log("apt.log")):
            raise Skipped("no network: apt-get cannot reach Debian's packages")
        assert status == 0, self.log("apt.log")

    def start(self, name, *command, **environment):
        """Starts a command in the folder of the sources, with its output in a log."""
        with open(os.path.join(self.folder, name + ".log"), "wb") as log:
            return subprocess.Popen(["chroot", self.root, "/bin/sh", "-c", f'cd {SOURCE} && exec "$@"', "sh", *command], stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log, env={**ENVIRONMENT, **environment}, start_new_session=True,
                                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def run(self, name, *command, **environment):
        """Runs a command, which must succeed, and returns its output."""
        status = self.start(name, *command, **environment).wait()
        output = self.log(name + ".log")
        assert status == 0, f"{' '.join(command)}: status {status}: {output[-6000:]}"
        return output

    def prove(self, name, files, **environment):
        """Runs tests in the folder of the sources, and keeps their output with the logs. Returns prove's own lines."""
        logs = os.path.join(self.folder, name + "-tests")
        try:
            output = self.run(name, "sh", "-c", f"exec tests/prove -j3 {files}", BUILD=STRICT, PYTHONDONTWRITEBYTECODE="1", **environment)
        finally:
            with contextlib.suppress(FileNotFoundError):
                shutil.copytree(self.inside(f"{SOURCE}/{STRICT}/tests/logs"), logs, dirs_exist_ok=True)
        return "\n".join(line for line in output.splitlines() if "kipped:" in line or "# SKIP" in line or line.startswith("Files="))

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def answers(self, path):
        with contextlib.suppress(OSError):
            return self.get(path)[0] == 200
        return False

    def probe(self, address):
        """The times of the frames of a file or URL according to ffprobe, in seconds."""
        output = self.run("probe", "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time", "-of", "json", address)
        return [float(frame["pts_time"]) for frame in json.loads(output)["frames"]]

    def versions(self):
        output = self.run("versions", "dpkg-query", "-W", "-f", "${Package} ${Version}\n")
        found = dict(line.split() for line in output.splitlines())
        release = self.run("release", "sh", "-c", ". /etc/os-release; echo $PRETTY_NAME").strip()
        comment(release + ": " + ", ".join(f"{name} {found[name]}" for name in VERSIONS if name in found))

    def recorded(self):
        """Times of all frames in the archive, in microseconds since 1970."""
        folder = self.inside(SOURCE + "/recordings")
        with contextlib.suppress(FileNotFoundError):
            return [at for name in index_files(folder) for at in wall_times(os.path.join(folder, name))]
        return []

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()


def own_network():
    """From here on, a network with only lo, in which the README's port and the names of cameras are free."""
    assert ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def copy_sources(folder):
    """The files that git would commit if everything was added; without git, everything except the build folder."""
    if os.path.exists(os.path.join(PROJECT, ".git")):
        names = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=PROJECT,
                               capture_output=True, check=True).stdout
        pack = ["tar", "-c", "--ignore-failed-read", "--null", "-T", "-"]
    else:
        with open(os.path.join(PROJECT, ".gitignore"), "rb") as ignored:
            names = re.sub(rb"(?m)^/", b"./", re.sub(rb"(?m)/$", b"", ignored.read()))
        pack = ["tar", "-c", "--exclude-from=-", "."]
    packed = subprocess.run(pack, cwd=PROJECT, input=names, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=packed, check=True)


# --- what the README promises ---------------------------------------------------------------------------------------------

def install(system, *more):
    """Installs only what `make run` installs first, then the given packages, and removes the network."""
    system.run("install", "deploy/install-packages", "run")
    system.run("build", "make", "-j2", "all")
    if more:
        system.run("install-more", *more)
    own_network()

def make_run(system):
    """`make run` builds without a warning and runs."""
    system.process = system.start("make-run", "make", "run")
    wait_for(lambda: "Ctrl-C stops it" in system.log("make-run.log") or system.process.poll() is not None, 900, "it prints that it runs")
    assert system.process.poll() is None, system.log("make-run.log")[-6000:]
    output = system.log("build.log") + system.log("make-run.log")
    assert "warning:" not in output, [line for line in output.splitlines() if "warning:" in line]


def clip_is_exact(system):
    """A clip of four whole seconds has every frame of the archive, at its time."""
    wait_for(lambda: len(system.recorded()) > 2 and system.recorded()[-1] - system.recorded()[0] > 7 * US, 120, "some seconds are recorded")
    from_us = (system.recorded()[0] // US + 2) * US
    wanted = [at for at in system.recorded() if from_us <= at < from_us + 4 * US]
    status, headers, clip = system.get(f"/footage?from={from_us // US}&to={from_us // US + 4}")
    assert status == 200, (status, clip)
    with open(system.inside("/tmp/clip.mp4"), "wb") as file:
        file.write(clip)
    shown = system.probe("/tmp/clip.mp4")
    assert len(shown) == len(wanted), f"{len(shown)} frames, expected {len(wanted)}"
    start_us = round(float(headers["X-Clip-Start"]) * US)
    assert start_us == wanted[0], (start_us, wanted[0])
    for pts, at in zip(shown, wanted):
        off_us = pts * US - (at - wanted[0])
        assert abs(off_us) <= TICK_US, f"the frame of {at} is off by {off_us} us"
    comment(f"{len(shown)} frames, {len(clip)} bytes")


def live_picture_comes(system):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("multipart/x-mixed-replace"), answer.headers
        parts = answer.read(1 << 20)  # several parts
    finally:
        connection.close()
    assert b"\xff\xd8" in parts and b"\xff\xd9" in parts, parts[:400]


def snapshot_comes(system):
    status, headers, picture = system.get("/snapshot")
    assert status == 200 and headers["Content-Type"] == "image/jpeg", (status, headers)
    assert picture[:2] == b"\xff\xd8" and picture[-2:] == b"\xff\xd9", (picture[:20], picture[-20:])


def playlist_plays(system):
    from_s = system.recorded()[0] // US + 1
    wanted = [at for at in system.recorded() if from_s * US <= at < (from_s + 3) * US]
    shown = system.probe(f"http://127.0.0.1:{PORT}/playlist.m3u8?from={from_s}&to={from_s + 3}")
    assert len(shown) == len(wanted), (len(shown), len(wanted))


def ctrl_c_stops_it(system):
    """make itself dies of the signal; what it ran ends in order, and the shared memory is given back."""
    os.killpg(system.process.pid, signal.SIGINT)
    system.process.wait(60)
    wait_for(lambda: not glob.glob(system.inside("/dev/shm/recorder.*")), 60, "the shared memory is free again")
    output = system.log("make-run.log")
    assert "run: Stopping." in output and "killed" not in output, output[-3000:]


def readme_lines(begin):
    """The indented lines that follow a line of the README, in which `begin` occurs."""
    with open(os.path.join(PROJECT, "README.md"), encoding="utf-8") as file:
        return re.search(rf"{begin}[^\n]*:\n\n((?:    [^\n]+\n)+)", file.read()).group(1).replace("\n    ", "\n").strip().splitlines()


def local_files(system):
    """What is in the folders into which `make install` installs."""
    return {os.path.join(folder, name) for folder, folders, names in os.walk(system.inside("/usr/local")) for name in folders + names}


AS_USER = ("setpriv", "--reuid", "somebody", "--regid", "somebody", "--init-groups", "env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin")


def make_install_works_as_written(system):
    """The README's lines for a system without the package, as an ordinary user; `make uninstall` leaves nothing of it."""
    before = local_files(system)
    system.run("make-install", "make", "install")
    system.run("user", "useradd", "--create-home", "somebody")
    lines = readme_lines("as an ordinary user")
    small = "sed -i 's/^device = auto/device = test/; s/^width = .*/width = 320/; s/^height = .*/height = 180/; s/^fps = 60/fps = 10/; s/^max_mb = 0/max_mb = 64/' recorder.ini"
    script = "\n".join(["set -e", "cd /home/somebody", *lines[:2], small, *lines[2:]])
    system.process = system.start("elsewhere", *AS_USER, "sh", "-c", script)
    wait_for(lambda: system.answers("/footage?from=-4s&to=-2s") or system.process.poll() is not None, 60, "a clip comes")
    assert system.process.poll() is None, system.log("elsewhere.log")
    os.killpg(system.process.pid, signal.SIGTERM)
    system.process.wait(60)
    wait_for(lambda: not glob.glob(system.inside("/dev/shm/recorder.*")), 60, "the shared memory is free again")
    services_can_be_set_up(system)
    kept = system.run("make-uninstall", "make", "uninstall")
    assert "kept /etc/recorder;" in kept and "kept /var/lib/recorder;" in kept and "kept the users recorder " in kept, kept
    assert local_files(system) == before, local_files(system) ^ before


def services_can_be_set_up(system):
    """set-up and let-in, without a systemd that could be told."""
    share = "/usr/local/share/recorder"
    system.run("set-up", f"{share}/set-up")
    assert "(video)" in system.run("id", "id", "recorder")
    system.run("valid", "recorderd", "-t", "-c", "/etc/recorder/camera.ini")
    system.run("web", "lighttpd", "-tt", "-f", "/etc/recorder/lighttpd.conf")
    said = system.run("let-in", f"{share}/let-in", "cam.example.org")
    assert "password" in said, said
    system.run("verify", "openssl", "verify", "-x509_strict", "-CAfile", "/etc/recorder/ca.crt", "-verify_hostname", "cam.example.org", "/etc/recorder/tls.crt")
    assert system.run("mode", "stat", "-c", "%U %G %a", "/etc/recorder/ca.key").split() == ["root", "recorder", "600"]
    assert 'bind    = "0.0.0.0"' in system.run("bind", "grep", "^var.bind", "/etc/recorder/lighttpd.conf")
    system.run("set-up-again", f"{share}/set-up")
    system.run("undo", f"{share}/let-in", "--undo")
    assert '"127.0.0.1"' in system.run("bind", "grep", "^var.bind", "/etc/recorder/lighttpd.conf")


def unit_tests_pass(system):
    """Built by the system's compiler, to which a warning is an error."""
    system.run("units-build", "make", "-j2", "WERROR=1", f"BUILD={STRICT}", "units")
    comment(system.prove("units", f"$(find {STRICT}/tests/unit -name 'test_*' -type f -perm /111)", CMOCKA_MESSAGE_OUTPUT="TAP"))
