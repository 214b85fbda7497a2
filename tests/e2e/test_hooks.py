#!/usr/bin/env python3
"""Hooks: programs are run when something happens, and whatever they do, it costs neither recording nor other hooks anything."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from support.exact import assert_exact, just_after, second_after
from support.own_users import ALONE, as_user, make_folder, run_alone
from support.rig import Rig, forget_memory, program
from support.tap import run_tests
from support.times import PATIENCE_S, wait_for

LONG = f"{100000 + os.getpid()}"  # seconds that a program sleeps; no other program does so
RECORDER, HOOKS, STRANGER = 64001, 64002, 64003  # users

PROGRAMS = {
    "good": "cat >>{folder}/good.lines",
    "hang": f"exec sleep {LONG}",
    "late": f"trap '' TERM\nsleep {LONG} & sleep {LONG}",
    "flood": "exec yes",
    "fork": f"for i in 1 2 3 4 5 6 7 8 9 10; do sleep {LONG} & setsid sleep {LONG} & done\nexit 0",
    "fail": "echo 'it does not work' >&2\nexit 3",
    "deaf": "exec <&- >&- 2>&-",
}


class HookRig(Rig):
    """A rig with recorder-hooks, which is started first: it waits for the recorder."""

    def __init__(self):
        super().__init__()
        self.hooks = None
        for name in PROGRAMS:
            self.write_program(name)
        self.configure()

    def write_program(self, name):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + PROGRAMS[name].format(folder=self.folder) + "\n")
        os.chmod(self.path(name), 0o755)

    def configure(self, **more):
        """more: the keys of other hooks, by their names."""
        hooks = {name: {"run": self.path(name), "events": "all"} for name in PROGRAMS}
        hooks["late"]["limit_seconds"] = 1
        self.write_ini({"http": {"allow_control": "yes"}, "record": {"segment_seconds": 600}} | {f"hook {name}": keys for name, keys in (hooks | more).items()})

    def write_ini(self, settings):
        """Replaces the file as a whole: the programs may read it at any time."""
        ini, self.ini = self.ini, self.ini + ".new"
        super().write_ini(settings)
        os.replace(self.ini, ini)
        self.ini = ini

    def reload(self, hooks):
        """The recorder reads the configuration again, and recorder-hooks after it."""
        line = f"{self.ini} has {hooks} hooks"
        count = self.log("hooks.log").count(line)
        self.recorderd.send_signal(signal.SIGHUP)
        self.logged(line, count + 1)

    def start_hooks(self):
        self.hooks = self.spawn([program("recorder-hooks"), "-c", self.ini], "hooks.log", dict(self.environment))

    def start(self):
        self.start_hooks()
        self.logged("hooks, as user")  # what was told before that is not for it
        super().start()

    def stop_hooks(self):
        """Ends recorder-hooks and what it runs. Killed, it would leave behind what its programs have started."""
        self.hooks.send_signal(signal.SIGCONT)
        self.hooks.send_signal(signal.SIGTERM)  # waits for them
        self.hooks.send_signal(signal.SIGINT)  # does not
        assert self.hooks.wait(PATIENCE_S) == 0

    def stop(self):
        if self.hooks and self.hooks.poll() is None:
            self.stop_hooks()
        return super().stop()

    def restore(self):
        if self.hooks.poll() is not None:
            self.start_hooks()
        self.hooks.send_signal(signal.SIGCONT)
        super().restore()

    def told(self, name="good"):
        """What the hook was told, oldest first."""
        with contextlib.suppress(FileNotFoundError), open(self.path(name + ".lines"), encoding="utf-8") as file:
            return [json.loads(line) for line in file.read().split("\n")[:-1]]
        return []

    def wait_for_event(self, event, after=0, name="good"):
        """The first notification of that kind among those that the hook was told after the first `after`."""
        return wait_for(lambda: next((one for one in self.told(name)[after:] if one["event"] == event), None), PATIENCE_S, f"{name} is told {event}")

    def end_segment(self):
        """Something happens: a segment is finished. (Recording that is off and on is no news for a while if that was told shortly before.)"""
        wait_for(self.is_healthy, PATIENCE_S, "it records")
        self.new_frames(3)
        for state in ("off", "on"):
            assert self.get(f"/control?recording={state}", "POST").status == 200

    def happens(self, name="good"):
        count = len(self.told(name))
        self.end_segment()
        return self.wait_for_event("segment", count, name)

    def segments_told(self):
        """How many finished segments the hook was told. Other notifications may come late: of quick changes the last one is told, after a while."""
        return [one["event"] for one in self.told()].count("segment")

    def logged(self, text, count=1):
        wait_for(lambda: self.log("hooks.log").count(text) >= count, PATIENCE_S, f"recorder-hooks logs {text!r}")


def sleepers():
    """Processes of hooks that sleep."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/cmdline", "rb") as file:
            if file.read() == f"sleep\0{LONG}\0".encode():
                found.append(int(entry))
    return found


def test_a_hook_is_told_what_happens_from_the_start_of_the_recorder_on(rig):
    rig.wait_for_event("started")
    rig.happens()
    told = rig.told()
    assert all(one["camera"] == rig.name and one["text"] and one["time"] for one in told), told
    numbers = [int(one["id"].split("-")[1]) for one in told]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers


def test_hooks_that_hang_flood_fork_fail_and_are_deaf_cost_nothing(rig):
    rig.happens()
    for name, what in (("late", "did not end within 1 s"), ("flood", "wrote more than 1048576 bytes and was killed"), ("fail", "failed with exit status 3")):
        rig.logged(f"{name}: {rig.path(name)} {what}")
    rig.logged("fail: it does not work")
    wait_for(rig.is_healthy, PATIENCE_S, "it records again")
    rig.new_frames(5)
    from_us = second_after(rig.camera.newest())
    rig.new_frames(75)
    to_us = just_after(rig.camera.newest())
    rig.indexed()
    assert_exact(rig, from_us, to_us)
    # Of all that were started, only the one that hangs is left, and one that has just been started.
    wait_for(lambda: len(sleepers()) == 1, PATIENCE_S, "what the programs left behind is killed")


def test_a_program_that_is_gone_is_run_again_once_it_is_there(rig):
    os.unlink(rig.path("deaf"))
    rig.happens()
    rig.logged(f"deaf: not run for segment: {rig.path('deaf')}: No such file")
    rig.write_program("deaf")
    count = rig.log("hooks.log").count("deaf: not run")
    rig.happens()
    assert rig.log("hooks.log").count("deaf: not run") == count


def test_a_program_that_others_could_replace_is_not_run(rig):
    count = rig.segments_told()
    os.chmod(rig.path("good"), 0o775)
    rig.end_segment()
    rig.logged("good: not run for segment: " + rig.path("good") + ": group or others may write to it")
    os.chmod(rig.path("good"), 0o755)
    rig.happens()
    assert rig.segments_told() == count + 1, rig.told()


def test_what_happens_while_recorder_hooks_hangs_is_told_afterwards(rig):
    count = rig.segments_told()
    rig.hooks.send_signal(signal.SIGSTOP)
    for _ in range(3):
        rig.end_segment()
    wait_for(rig.is_healthy, PATIENCE_S, "it records")
    assert rig.segments_told() == count, rig.told()
    rig.hooks.send_signal(signal.SIGCONT)
    wait_for(lambda: rig.segments_told() == count + 3, PATIENCE_S, "the hook is told all of it")


def test_a_recorder_that_was_killed_is_found_again(rig):
    count = len(rig.told())
    wait_for(rig.is_healthy, PATIENCE_S, "it records")
    recording = wait_for(lambda: [one["file"] for one in rig.get("/recordings").json() if one["state"] == "recording"], PATIENCE_S,
                         "a segment is open")
    rig.stop_recorderd(signal.SIGKILL)
    rig.start_recorderd()
    one = rig.wait_for_event("started", count)
    assert one["id"].split("-")[0] == rig.told()[0]["id"].split("-")[0], "the series goes on"
    wait_for(lambda: recording[0] in [told.get("file") for told in rig.told()[count:]], PATIENCE_S, "the segment that was open is told")


def test_a_hook_that_is_added_is_run_after_a_reload_of_the_recorder(rig):
    with open(rig.path("new"), "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\ncat >>{rig.folder}/new.lines\n")
    os.chmod(rig.path("new"), 0o755)
    rig.configure(new={"run": rig.path("new"), "events": "segment"})
    rig.reload(len(PROGRAMS) + 1)
    rig.happens("new")
    rig.configure()
    rig.reload(len(PROGRAMS))


def test_a_wrong_hook_is_refused(rig):
    rig.configure(wrong={"run": "/bin/true", "events": "sunrise"})
    for name in ("recorderd", "recorder-hooks"):
        done = subprocess.run([program(name), "-t", "-c", rig.ini], capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "[hook wrong] events: there is no event sunrise" in done.stderr, done
    rig.recorderd.send_signal(signal.SIGHUP)
    wait_for(lambda: "the settings stay as they were" in rig.log(), PATIENCE_S, "recorderd refuses it")
    rig.happens()
    rig.configure()


def test_a_hook_can_be_tried(rig):
    count = len(rig.told())
    done = subprocess.run([program("recorder-hooks"), "-c", rig.ini, "--test", "good", "--event", "camera-lost"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0 and "The program succeeded" in done.stdout, done
    tried = [one for one in rig.told()[count:] if one["event"] == "camera-lost"]  # a segment may be told meanwhile
    assert len(tried) == 1 and "example" in tried[0]["detail"], rig.told()[count:]
    done = subprocess.run([program("recorder-hooks"), "-c", rig.ini, "--test", "fail"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "it does not work" in done.stdout and "exit status 3" in done.stdout, done


def hooks_metrics(rig):
    """{name: value} of the metrics that begin with recorder_hooks."""
    return {line.split("{")[0]: float(line.split()[-1]) for line in rig.get("/metrics").body.decode().splitlines() if line.startswith("recorder_hooks")}


def test_hooks_that_nobody_runs_are_a_warning(rig):
    def warned():
        return [one for one in rig.get("/health").json()["warnings"] if one.startswith("No hook is run: recorder-hooks has not been connected since ")]
    wait_for(lambda: hooks_metrics(rig) == {"recorder_hooks": len(PROGRAMS), "recorder_hooks_up": 1, "recorder_hooks_lost_total": 0,
                                            "recorder_hooks_lost_motion_total": 0}, PATIENCE_S, "recorder-hooks is connected")
    assert not warned()
    rig.stop_hooks()
    wait_for(warned, PATIENCE_S, "/health says so")
    assert hooks_metrics(rig)["recorder_hooks_up"] == 0
    assert rig.get("/health").json()["status"] == "warning"
    rig.start_hooks()
    wait_for(lambda: not warned() and hooks_metrics(rig)["recorder_hooks_up"] == 1, PATIENCE_S, "the warning ends")


def test_nothing_is_left_when_recorder_hooks_is_stopped(rig):
    rig.happens()
    wait_for(sleepers, PATIENCE_S, "a program runs")
    rig.stop_hooks()
    wait_for(lambda: not sleepers(), PATIENCE_S, "all of them are killed")


# -- users of their own, in a mount namespace of its own

INI = """[camera]
name = {name}
device = test
width = 320
height = 180
fps = 10
[record]
enabled = no
[memory]
max_mb = 16
[hook good]
run = {folder}/good
events = all
"""

CONNECT = """
import socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
    client.connect(sys.argv[1])
"""


def two_users(folder, name, wrapper):
    """Both programs, as users of their own; what the hook wrote after the recorder's start and its end."""
    lines, socket_path = os.path.join(folder, "hooks", "lines"), f"/run/recorder-hooks/{name}.hooks"
    ini = os.path.join(folder, "recorder", "recorder.ini")
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(tempfile.TemporaryFile("a+b"))

        def run(user, *command):
            process = stack.enter_context(subprocess.Popen(as_user(user, *command, "-c", ini), start_new_session=True, stderr=log))
            stack.callback(process.kill)
            return process

        def is_logged(words):
            log.seek(0)
            return words in log.read()

        def events():
            with open(lines, encoding="utf-8") as file:
                return [json.loads(line)["event"] for line in file.read().split("\n")[:-1]]
        hooks = run(HOOKS, program("recorder-hooks"))
        wait_for(lambda: is_logged(b"1 hooks, as user"), PATIENCE_S, "recorder-hooks has started: what was told before that is not for it")
        recorderd = run(RECORDER, *wrapper, program("recorderd"))
        wait_for(lambda: os.path.exists(lines) and "started" in events(), PATIENCE_S, "the hook is told of the start")
        mode = os.stat(socket_path)
        assert (mode.st_uid, mode.st_gid, mode.st_mode & 0o777) == (RECORDER, HOOKS, 0o660), mode
        stranger = subprocess.run(as_user(STRANGER, "/usr/bin/python3", "-c", CONNECT, socket_path), capture_output=True, text=True, check=False)
        assert stranger.returncode == 1 and "Permission denied" in stranger.stderr, stranger
        recorderd.terminate()
        recorderd.wait(PATIENCE_S)
        wait_for(lambda: "stopping" in events(), PATIENCE_S, "the hook is told of the end")
        hooks.terminate()
        assert hooks.wait(PATIENCE_S) == 0


def alone():
    """In the mount namespace: the folder that tmpfiles.d makes."""
    folder, name = tempfile.mkdtemp(prefix="recorder-e2e."), f"e2e-users-{os.getpid()}"
    try:
        make_folder("/run/recorder-hooks", RECORDER, HOOKS)
        os.chmod(folder, 0o755)
        for part, user in (("recorder", RECORDER), ("hooks", HOOKS)):
            os.mkdir(os.path.join(folder, part))
            os.chown(os.path.join(folder, part), user, user)
        with open(os.path.join(folder, "recorder", "recorder.ini"), "w", encoding="utf-8") as file:
            file.write(INI.format(name=name, folder=folder + "/hooks"))
        with open(os.path.join(folder, "hooks", "good"), "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\ncat >>{folder}/hooks/lines\n")
        os.chmod(os.path.join(folder, "hooks", "good"), 0o755)
        two_users(folder, name, ())
        os.unlink(os.path.join(folder, "hooks", "lines"))
        # As with PrivateUsers= of the unit: the recorder sees no other user.
        two_users(folder, name, ("unshare", "--user", "--map-current-user"))
    finally:
        forget_memory(name)
        shutil.rmtree(f"/dev/shm/recorder-{RECORDER}", ignore_errors=True)
        shutil.rmtree(folder)


def test_recorder_and_hooks_may_be_two_users(_):
    run_alone(__file__)


def main():
    if os.environ.get(ALONE):
        alone()
        return 0
    with HookRig() as rig:
        rig.start()
        return run_tests(globals(), rig, before=HookRig.restore)


if __name__ == "__main__":
    sys.exit(main())
