#!/usr/bin/env python3
"""`make run`: starts everything, explains in a sentence what is wrong, and leaves nothing but the recordings."""
import base64
import contextlib
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

from support import BUILD, PROJECT
from support.rig import Rig, free_port
from support.tap import run_tests
from support.times import wait_for

SMALL = """[camera]
name = {name}
device = test
width = 320
height = 180
fps = 10
[record]
preset = ultrafast
[retention]
min_free_gb = 0
[memory]
max_mb = 64
"""


class Project:
    """A copy of what deploy/run needs, in a folder with a space in its name; requests by Rig.get."""

    get = Rig.get
    connect = Rig.connect
    tls = None

    def __init__(self):
        self.base = tempfile.mkdtemp(prefix="recorder-e2e.")
        self.folder = os.path.join(self.base, "my recorder")
        self.name = f"e2e-run-{os.getpid()}"
        os.mkdir(self.folder)
        for part in ("deploy", "www"):
            shutil.copytree(os.path.join(PROJECT, part), os.path.join(self.folder, part))
        shutil.copy(os.path.join(PROJECT, "lighttpd.conf.example"), self.folder)
        self.port, self.process, self.log_path = free_port(), None, os.path.join(self.base, "run.log")
        self.folders = set()  # those of deploy/run in /tmp; other programs may have theirs there

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        if kind:
            sys.stdout.write("".join(f"# {line}\n" for line in self.log().splitlines()[-40:]))
        for left in self.shared():
            os.unlink(left)
        for left in self.folders:
            shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(self.base)

    def shared(self):
        """Its shared-memory objects."""
        return glob.glob(f"/dev/shm/recorder.{self.name}*")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def log(self):
        with contextlib.suppress(FileNotFoundError), open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()
        return ""

    def write(self, name, text=SMALL):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text.format(name=self.name))

    def write_hook(self, text):
        """A configuration with a hook that is run for everything. Returns the file in which the hook can write its output."""
        program, output = os.path.join(self.base, "hook"), os.path.join(self.base, "hook.lines")
        with open(program, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{text} >>{output}\n")
        os.chmod(program, 0o755)
        self.write("recorder.ini", SMALL + f"[hook all]\nrun = {program}\nevents = all\n")
        return output

    def run(self, **environment):
        """Starts deploy/run as `make run` does, from another folder, and with SIGINT enabled, which background processes ignore."""
        everything = {**os.environ, "BUILD": BUILD, "PORT": str(self.port), **environment}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([self.path("deploy", "run")], env=everything, cwd="/", stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True,
                                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def ready(self):
        wait_for(lambda: "Ctrl-C stops it" in self.log() or self.process.poll() is not None, 60, "it prints that it runs")
        assert self.process.poll() is None, self.log()
        wait_for(lambda: self.get("/recordings").body.count(b'"file"') > 0, 60, "frames are recorded")
        self.folders = {name for command in self.processes().values() for name in re.findall(r"/tmp/recorder-run\.\w+", command)}
        assert len(self.folders) == 1, self.processes()

    def shows_what_matters_last(self):
        """The addresses, and what memory and disk are taken, in one block at the end; nothing of lighttpd."""
        lines = wait_for(lambda: self.log().splitlines() if "Recordings of 72 h take about" in self.log() else None, 60, "the disk is named")
        block = lines[next(number for number, line in enumerate(lines) if "Ctrl-C stops it" in line):]
        assert all(line.startswith("run:   ") for line in block[1:]), lines
        text = "\n".join(block)
        assert f"curl -fo clip.mp4 'http://localhost:{self.port}/footage?" in text and "The memory (64 MiB of RAM)" in text, text
        assert not [line for line in lines if re.search(r"\.c\.\d+\)(?! server (started|stopped))", line)], lines

    def stop(self, sent=signal.SIGINT):
        """Stops it: everything must end by itself, without being killed."""
        self.process.send_signal(sent)
        assert self.process.wait(60) == 0, self.log()
        assert "killed" not in self.log().rsplit("run: Stopping.", maxsplit=1)[-1], self.log()
        assert not self.shared(), f"shared memory is left: {self.shared()}"

    def refused(self, *words):
        """It must end by itself, with an error that has all the words in one line."""
        assert self.process.wait(60) != 0, self.log()
        assert any(all(word in line for word in words) for line in self.log().splitlines()), self.log()

    def processes(self, name=""):
        """{pid: command line} of what it has started, found by the inherited environment."""
        found = {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open(f"/proc/{entry}/environ", "rb") as environ, open(f"/proc/{entry}/cmdline", "rb") as cmdline:
                    if f"PORT={self.port}".encode() in environ.read().split(b"\0"):
                        command = cmdline.read().replace(b"\0", b" ").decode()
                        if command and name in command.split(" ")[0]:
                            found[int(entry)] = command
        return found

    def gone(self):
        """Nothing that it has started is still running."""
        with contextlib.suppress(AssertionError):
            wait_for(lambda: not self.processes(), 60, "")
        assert not self.processes(), self.processes()

    def child(self, name):
        """Process id of a direct child."""
        for pid in self.processes(name):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                if int(stat.read().rsplit(")", 1)[1].split()[1]) == self.process.pid:
                    return pid
        return None


def test_it_runs_and_ctrl_c_stops_everything_with_the_segment_closed():
    with Project() as project:
        project.write("recorder.ini")
        project.run()
        project.ready()
        assert f"http://localhost:{project.port}/" in project.log()
        assert project.get("/health").status == 200 and project.get("/ui/").status in (200, 404)
        assert project.get("/snapshot").body[:2] == b"\xff\xd8"
        project.shows_what_matters_last()
        project.stop()
        project.gone()
        assert not any(map(os.path.exists, project.folders)), "a folder is left"
        segment, = [name for name in os.listdir(project.path("recordings")) if name.endswith(".mp4")]
        with open(project.path("recordings", segment), "rb") as file:
            assert b"moov" in file.read()[-100000:], "the segment was not closed"


def test_sigterm_stops_it_too_and_hooks_are_told_of_the_start_and_the_end():
    with Project() as project:
        output = project.write_hook("cat")
        project.run()
        project.ready()
        wait_for(lambda: os.path.exists(output), 60, "the hook is run")
        assert re.search(rf"The hooks of {project.name} run as user \w+:\n.*all: .* can be run", project.log()), project.log()
        project.stop(signal.SIGTERM)
        project.gone()
        with open(output, encoding="utf-8") as file:
            told = [json.loads(line)["event"] for line in file]
        assert told[0] == "started" and "stopping" in told, told


def test_if_it_is_killed_nothing_keeps_running():
    with Project() as project:
        project.write_hook("exec sleep 1000")
        project.run()
        project.ready()
        wait_for(lambda: project.processes("recorder-hooks"), 60, "recorder-hooks runs")
        project.process.kill()
        project.process.wait()
        project.gone()


def test_a_recorder_or_web_server_that_dies_is_started_again():
    with Project() as project:
        project.write("recorder.ini")
        project.run()
        project.ready()
        for name in ("recorderd", "lighttpd"):
            pid = project.child(name)
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda name=name, pid=pid: project.child(name) not in (None, pid), 60, f"{name} runs again")
            assert name in project.log() and "starting it again" in project.log()
        wait_for(lambda: healthy(project), 60, "/health has no complaint")
        project.stop()
        project.gone()


def test_what_a_killed_recorder_left_in_memory_is_named():
    with Rig() as killed, Project() as project:
        killed.start_recorderd()
        killed.camera.wait_for_frames(1)
        killed.stop_recorderd(signal.SIGKILL)
        command = [os.path.join(BUILD, "recorderd", "recorderd"), "--leftovers"]
        wait_for(lambda: killed.name in subprocess.run(command, capture_output=True, text=True, check=False).stdout, 60, "nobody uses it")
        project.write("recorder.ini")
        project.run()
        project.ready()
        line, = wait_for(lambda: [line for line in project.log().splitlines() if killed.name in line], 60, "it is reported")
        assert killed.ini in line and f"recorderd --free-memory -n {killed.name}" in line, line
        project.stop()
        assert project.name not in project.log().split("Left by a recorder")[-1].splitlines()[0], "its own memory is reported"


def healthy(project):
    with contextlib.suppress(OSError):
        return project.get("/health").status == 200
    return False


def test_without_a_configuration_or_a_camera_it_records_a_test_picture_and_reports_it():
    with Project() as project:
        if any(name.startswith("video") for name in os.listdir("/dev")):
            return
        if os.path.exists("/dev/shm/recorder.camera"):
            print("# another recorder of the default name runs here: skipped")
            return
        project.run()
        project.ready()
        assert "TEST PICTURE" in project.log()
        info = project.get("/camera_info").json()
        assert info["source"] == "test", info
        assert os.listdir(project.path("recordings"))
        with open(project.path("recorder.ini"), encoding="utf-8") as file:
            settings = file.read()
        assert re.search(rf"run:   settings +{re.escape(project.path('recorder.ini'))}$", project.log(), re.M), project.log()
        keeps_and_deletes_a_clip(project)
        project.stop()
        with open(project.path("recorder.ini"), encoding="utf-8") as file:
            assert file.read() == settings, "the settings stay"


def keeps_and_deletes_a_clip(project):
    """As the page does on this machine."""
    assert project.get("/health").json()["allow_control"] is True
    wait_for(lambda: project.get("/clips?from=-3s&to=-1s&name=door", "POST").status == 201, 60, "a clip is kept")
    assert project.get("/clips?from=-3s&to=-1s&name=far", "POST", {"Host": "192.0.2.7"}).status == 403
    assert project.get("/clips/door.mp4", "DELETE", {"X-Forwarded-For": "192.0.2.7"}).status == 403
    assert project.get("/clips/door.mp4", "DELETE").status == 200


# In a folder, the first configuration is that of the page.
FRAMED = {"a": "[HTTP]\nframe_ancestors = http://ha.example:8123, https://home.example ; dashboards\n", "b": "[http]\nframe_ancestors = *\n"}


def test_a_folder_of_configurations_runs_one_recorder_each():
    with Project() as project:
        os.mkdir(project.path("cameras"))
        for letter in "ab":
            project.write(f"cameras/{letter}.ini", SMALL.replace("{name}", project.name + letter) + FRAMED[letter])
        project.run(CONFIG=project.path("cameras"))
        project.ready()
        for letter in "ab":
            wait_for(lambda name=project.name + letter: project.get(f"/snapshot?camera={name}").status == 200, 60, letter)
        for path in ("/ui/", "/recordings"):
            policy = project.get(path).headers["Content-Security-Policy"]
            assert policy.split("frame-ancestors ")[1].split() == ["http://ha.example:8123", "https://home.example"], (path, policy)
        assert sorted(os.listdir(project.path("cameras", "recordings"))) == [project.name + "a", project.name + "b"]
        project.stop()


def test_an_error_in_the_configuration_is_one_line_and_ends_it():
    with Project() as project:
        project.write("recorder.ini", SMALL.replace("height", "heigth"))
        project.run()
        project.refused("recorder.ini", "heigth")
        assert len(project.log().splitlines()) == 1, project.log()
        project.gone()


def test_a_recorder_that_cannot_start_is_named():
    with Project() as project:
        project.write("recorder.ini", SMALL.replace("[record]", "[record]\ndirectory = /proc/recordings"))
        project.run()
        project.refused("/proc/recordings")
        project.refused(f"recorderd ({project.name})", "could not start")
        project.gone()


def test_two_configurations_of_one_name_are_reported():
    with Project() as project:
        os.mkdir(project.path("cameras"))
        project.write("cameras/a.ini")
        project.write("cameras/b.ini")
        project.run(CONFIG=project.path("cameras"))
        project.refused("cameras", project.name)


def test_a_camera_may_be_named_like_a_part_of_the_recorder():
    with Project() as project:
        if os.path.exists("/dev/shm/recorder.web"):
            print("# another recorder of that name runs here: skipped")
            return
        os.mkdir(project.path("cameras"))
        project.write("cameras/a.ini", SMALL.replace("{name}", "web"))
        project.run(CONFIG=project.path("cameras"))
        project.ready()
        assert project.child("recorderd") and project.child("lighttpd"), project.processes()
        project.stop()
        project.gone()


def own_addresses():
    """The addresses of this machine; the loopback address if it has no other."""
    addresses = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
    return [address for address in addresses if "." in address] or ["127.0.0.1"]


def asked(project, address, path="/health", context=None, method="GET", **headers):
    """The status of an answer to a request to that address."""
    kind = http.client.HTTPSConnection if context else http.client.HTTPConnection
    connection = kind(address, project.port, timeout=60, **({"context": context} if context else {}))
    with contextlib.closing(connection):
        connection.request(method, path, headers=headers)
        return connection.getresponse().status


def basic(login):
    return "Basic " + base64.b64encode(login.encode()).decode()


def says_that_it_runs(project):
    wait_for(lambda: "Ctrl-C stops it" in project.log() or project.process.poll() is not None, 60, "it prints that it runs")
    assert project.process.poll() is None, project.log()


def test_others_get_in_over_tls_with_the_login_that_was_printed():
    with Project() as project:
        project.write("recorder.ini")
        project.run(HOST="0.0.0.0")
        says_that_it_runs(project)
        password = re.search(r"recorder, password (\S+)", project.log()).group(1)
        context = ssl.create_default_context(cafile=project.path("access", "ca.crt"))
        good, wrong = basic("recorder:" + password), basic("recorder:" + password[:-1])
        for address in ("localhost", *own_addresses()):
            wait_for(lambda address=address: asked(project, address, context=context, Authorization=good) == 200, 60, "/health is answered")
            for path in ("/", "/health", "/snapshot", "/ui/"):
                assert asked(project, address, path, context) == 401, path
                assert asked(project, address, path, context, Authorization=wrong) == 401, path
            assert asked(project, address, context=context, Authorization=good, Host="evil.example") == 421
        for name in os.listdir(project.path("access")):
            assert os.stat(project.path("access", name)).st_mode & 0o077 == 0, name
        project.stop()
        project.run(HOST="0.0.0.0")
        says_that_it_runs(project)
        assert "password" not in project.log() and "New" not in project.log(), project.log()
        wait_for(lambda: asked(project, "localhost", context=context, Authorization=good) == 200, 60, "the same login works")
        project.stop()
        project.gone()


def test_others_get_in_without_a_login_only_if_that_is_requested():
    with Project() as project:
        project.write("recorder.ini", SMALL + "[http]\nallow_control = local\n")
        project.run(HOST="0.0.0.0", OPEN="yes")
        says_that_it_runs(project)
        assert "there is no password" in project.log()
        wait_for(lambda: all(asked(project, address) == 200 for address in own_addresses()), 60, "/health is answered")
        for address in own_addresses():
            assert asked(project, address, Host="evil.example") == 421
            for headers in ({"Host": "192.0.2.7"}, *([] if address.startswith("127.") else [{}])):
                assert asked(project, address, "/control?recording=on", method="POST", **headers) == 403, (address, headers)
        assert not os.path.exists(project.path("access"))
        project.stop()
        project.gone()


def test_half_a_certificate_is_reported():
    with Project() as project:
        project.write("recorder.ini")
        os.mkdir(project.path("mine"))
        project.write("mine/tls.crt", "a certificate")
        project.run(HOST="0.0.0.0", ACCESS=project.path("mine"))
        project.refused("tls.key")


def test_a_port_in_use_is_reported():
    with Project() as project, socket.socket() as taken:
        taken.bind(("127.0.0.1", project.port))
        taken.listen()
        project.write("recorder.ini")
        project.run()
        project.refused(str(project.port), "PORT=")


def test_invalid_settings_are_reported():
    for settings, word in (({"PORT": "http"}, "PORT"), ({"PORT": "70000"}, "PORT"), ({"HOST": "a b"}, "HOST"),
                           ({"CONFIG": "/nowhere.ini"}, "/nowhere.ini"), ({"BUILD": "/nowhere"}, "make")):
        with Project() as project:
            project.run(**settings)
            project.refused(word)


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
