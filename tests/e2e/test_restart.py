#!/usr/bin/env python3
"""Which end of a recorder leaves its memory to the next one, which one gives the RAM back, and what becomes of memory that nobody wants."""
import contextlib
import os
import signal
import subprocess
import sys

from support.exact import assert_exact, assert_numbers, just_behind, second_behind
from support.faulty_rig import COUNT, FaultyRig
from support.rig import program
from support.tap import Skipped, run_tests
from support.times import PATIENCE_S, US, wait_for
from test_memory import Request

MIB = 1 << 20
TESTED = {"clips": {"cache": "no"}}


class Managed(FaultyRig):
    """As a service manager runs it that starts it again."""
    arguments = ("--keep-memory",)

    def ring(self):
        return f"/dev/shm/recorder.{self.name}"

    def restart(self, settings=None, between=lambda: None):
        self.stop_recorderd()
        if settings:
            self.write_ini(settings)
        between()
        self.start_recorderd()
        wait_for(self.streaming, PATIENCE_S, "the next one streams")

    def run(self, *arguments):
        """What recorderd says when it is called for something else than recording."""
        done = subprocess.run([program("recorderd"), *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        return done.returncode, done.stdout + done.stderr

    def clip_over_both(self, from_us):
        """Of frames from before and after a restart: those of before are all in it, and those of after."""
        self.new_frames(30)
        to_us = just_behind(self.camera.newest())
        answer = self.footage(from_us, to_us)
        assert answer.status == 200, (answer.status, answer.body[:300])
        shown = [number for _, number in self.frames_of(answer.body)]
        taken = [frame.number % COUNT for frame in self.camera.frames() if from_us <= frame.wall_us < to_us]
        missing = [number for number in taken[1:-1] if number not in shown]
        assert not missing, f"{len(missing)} of {len(taken)} frames are missing: {missing[:5]}"
        return answer


def numbers_taken(rig, from_us):
    return [frame.number % COUNT for frame in rig.camera.frames() if frame.wall_us >= from_us]


def test_a_restart_keeps_what_the_disk_did_not_take():
    """It is in clips after it, and the first recorder that finds a good disk records it."""
    with Managed(TESTED) as rig:
        rig.start()
        rig.disk.read_only()
        wait_for(lambda: rig.get("/health").status == 503, PATIENCE_S, "the disk takes nothing")
        from_us = second_behind(rig.camera.newest())
        rig.new_frames(90)
        before = rig.camera.newest()
        rig.restart()
        assert "took over the frames" in rig.log(), rig.log()
        assert rig.clip_over_both(from_us).headers["X-Clip-Source"] == "memory"
        rig.restart(between=lambda: rig.disk.read_only(False))
        rig.indexed()
        recorded = set(rig.archive_numbers())
        missing = [frame.number for frame in rig.camera.frames() if from_us <= frame.wall_us <= before.wall_us
                   and frame.number % COUNT not in recorded]
        assert not missing, f"{len(missing)} frames of before the restarts were never recorded: {missing[:5]}"


def test_the_workers_go_on_with_the_memory_over_a_restart():
    """While no recorder runs, too: a clip needs none, and /health says that there is none. One that is being made is finished."""
    with Managed({**TESTED, "record": {"enabled": "no"}}, fps="60") as rig:
        rig.start_recorderd()
        rig.start_web()
        wait_for(rig.streaming, PATIENCE_S, "it streams")
        rig.new_frames(240)
        from_us = second_behind(rig.camera.frames()[0])
        to_us = rig.camera.newest().wall_us // US * US
        request = Request(rig, from_us, to_us)
        rig.stop_recorderd()
        assert rig.get("/health").status == 503 and rig.get("/camera_info").status == 503
        rig.start_recorderd()
        wait_for(rig.streaming, PATIENCE_S, "the next one streams")
        answer = request.finish()
        assert answer.status == 200, (answer.status, answer.body[:300])
        assert_numbers([number for _, number in rig.frames_of(answer.body)], rig.camera.frames(), from_us, to_us, COUNT)
        rig.stop_recorderd()
        assert_exact(rig, from_us, to_us)
        rig.start_recorderd()
        wait_for(rig.streaming, PATIENCE_S, "the third one streams")
        rig.clip_over_both(from_us)


def test_other_settings_of_the_memory_drop_nothing_that_fits():
    """More of it, less of it, and another number of frames that there is an index for: one after the other."""
    with Managed({**TESTED, "record": {"enabled": "no"}}) as rig:
        rig.start_recorderd()
        rig.start_web()
        wait_for(rig.streaming, PATIENCE_S, "it streams")
        rig.new_frames(60)
        from_us = second_behind(rig.camera.frames()[0])
        to_us = rig.camera.newest().wall_us // US * US
        rig.new_frames(10)
        for change in ({"memory": {"minutes": 5, "max_mb": 100}}, {"memory": {"minutes": 5, "max_mb": 16}},
                       {"memory": {"minutes": 20, "max_mb": 16}, "camera": {"fps": 25}}):
            rig.restart({**TESTED, "record": {"enabled": "no"}, **change})
            assert_exact(rig, from_us, to_us)
            rig.clip_over_both(from_us)
            assert not os.path.exists(rig.ring() + ".new"), "what it was made under is left"


@contextlib.contextmanager
def held(rig):
    """The memory of the running recorder, which a worker maps as well."""
    wait_for(lambda: rig.get("/snapshot").status == 200, PATIENCE_S, "a worker has the ring")
    fd = os.open(rig.ring(), os.O_RDONLY)
    try:
        wait_for(lambda: os.fstat(fd).st_blocks * 512 > 60 * MIB, PATIENCE_S, "it has all of its pages")
        yield fd
    finally:
        os.close(fd)


def assert_freed_by(sent, arguments):
    with Managed(TESTED) as rig:
        rig.arguments = arguments
        rig.start()
        with held(rig) as fd:
            assert rig.stop_recorderd(sent) == 0
            left = os.fstat(fd).st_blocks * 512
        assert not os.path.exists(rig.ring()), "the ring is left"
        assert left < 4 * MIB, f"{left >> 20} MiB are still held by those who read them"
        assert rig.get("/health").status == 503 and rig.get("/snapshot").status == 503
        rig.start_recorderd()
        wait_for(rig.streaming, PATIENCE_S, "the workers find the next one")
        assert "took over" not in rig.log(), rig.log()


def test_a_recorder_by_hand_gives_the_memory_back_when_it_is_told_to_end():
    assert_freed_by(signal.SIGTERM, ())


def test_ctrl_c_gives_it_back_in_any_case():
    assert_freed_by(signal.SIGINT, ("--keep-memory",))


def test_what_a_killed_recorder_leaves_is_named_and_freed_by_the_command_that_is_named():
    with Managed(TESTED) as rig:
        rig.start()
        with held(rig) as fd:
            assert rig.name not in rig.run("--leftovers")[1], "one that runs is named"
            assert rig.run("--free-memory", "-n", rig.name)[0] == 1 and os.path.exists(rig.ring()), "it took one that runs"
            rig.stop_recorderd(signal.SIGKILL)
            status, said = wait_for(lambda: rig.run("-S", "-c", rig.ini), PATIENCE_S, "")
            wait_for(lambda: f"--free-memory -n {rig.name}" in rig.run("-S", "-c", rig.ini)[1], PATIENCE_S, "the status names it")
            status, said = rig.run("-S", "-c", rig.ini)
            assert status == 3 and " s of frames" in said and rig.ini in said, said
            line, = [line for line in rig.run("--leftovers")[1].splitlines() if rig.name in line]
            assert "64 MiB" in line or "65 MiB" in line, line
            command = line.split("To free them: ")[1].split()
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0 and "free again" in done.stdout, done
            assert os.fstat(fd).st_blocks * 512 < 4 * MIB
        assert not os.path.exists(rig.ring())
        assert rig.name not in rig.run("--leftovers")[1]
        assert rig.run("--free-memory", "-n", rig.name)[0] == 0, "there is nothing, which is no error"


def test_the_memory_of_a_configuration_is_freed_whatever_became_of_the_file():
    """As a service manager does behind a stop."""
    for spoil in (lambda path: None, os.unlink, lambda path: open(path, "w", encoding="ascii").write("[camera\n")):
        with Managed(TESTED) as rig:
            rig.start_recorderd()
            wait_for(lambda rig=rig: rig.camera.frames(), PATIENCE_S, "frames")
            rig.stop_recorderd()
            assert os.path.exists(rig.ring()), "it is not left to the next one"
            spoil(rig.ini)
            assert rig.run("--free-memory", "-c", rig.ini)[0] == 0
            assert not os.path.exists(rig.ring())


def test_what_no_configuration_names_any_more_is_freed_after_a_day():
    """By any recorder of the same user; what is still configured stays, and so does what is younger."""
    later = ["unshare", "--time", "--monotonic", "90000", "--boottime", "90000"]
    if subprocess.run([*later, "true"], capture_output=True, check=False).returncode != 0:
        raise Skipped("namespaces of time cannot be had here")
    with Managed(TESTED) as gone, Managed(TESTED) as kept, Managed(TESTED) as other:
        for rig in (gone, kept):
            rig.start_recorderd()
            wait_for(lambda rig=rig: rig.camera.frames(), PATIENCE_S, "frames")
            rig.stop_recorderd(signal.SIGKILL)
        os.unlink(gone.ini)
        other.start_recorderd()
        wait_for(lambda: other.camera.frames(), PATIENCE_S, "frames")
        other.new_frames(10)
        other.stop_recorderd()
        assert os.path.exists(gone.ring()) and os.path.exists(kept.ring()), "it is not a day old"
        spawn = other.spawn
        other.spawn = lambda command, *rest: spawn(command if command[0] != program("recorderd") else [*later, *command], *rest)
        other.start_recorderd()
        wait_for(lambda: not os.path.exists(gone.ring()), PATIENCE_S, "it is freed")
        wait_for(lambda: f"that the camera {gone.name} left" in other.log(), PATIENCE_S, "and that is said")
        assert os.path.exists(kept.ring()), "it is still configured"


def test_what_is_not_ours_is_neither_used_nor_removed():
    if os.geteuid() != 0:
        raise Skipped("only root can give a file to another user")
    with Managed(TESTED) as rig:
        with open(rig.ring(), "wb") as file:
            file.write(b"somebody's")
        os.chmod(rig.ring(), 0o666)
        os.chown(rig.ring(), 65534, 65534)
        rig.start_recorderd()
        rig.camera.wait_for_frames(30)
        wait_for(lambda: "belongs to the user" in rig.log(), PATIENCE_S, "it says so, and records")
        rig.stop_recorderd(signal.SIGINT)
        with open(rig.ring(), "rb") as file:
            assert file.read() == b"somebody's"


def test_what_others_could_write_to_is_not_believed():
    with Managed(TESTED) as rig:
        rig.start_recorderd()
        wait_for(lambda: rig.camera.frames(), PATIENCE_S, "frames")
        rig.stop_recorderd()
        os.chmod(rig.ring(), 0o666)
        rig.start_recorderd()
        wait_for(lambda: "other users could have written to it" in rig.log(), PATIENCE_S, "it says what it drops")
        wait_for(lambda: os.path.exists(rig.ring()) and os.stat(rig.ring()).st_mode & 0o777 == 0o640, PATIENCE_S, "it has one of its own")


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
