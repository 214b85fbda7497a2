#!/usr/bin/env python3
"""When a recorder that ends leaves its memory to the next one, when it frees it, and what happens to memory that nobody uses."""
import contextlib
import os
import signal
import subprocess
import sys

from support.exact import assert_exact, assert_numbers, just_after, second_after
from support.faulty_rig import COUNT, FaultyRig
from support.rig import program
from support.tap import Skipped, run_tests
from support.times import PATIENCE_S, US, wait_for
from test_memory import Request

MIB = 1 << 20
TESTED = {"clips": {"cache": "no"}}


class Managed(FaultyRig):
    """A recorder as a service manager runs it that restarts it."""
    arguments = ("--keep-memory",)

    def ring(self):
        return f"/dev/shm/recorder.{self.name}"

    def restart(self, settings=None, between=lambda: None):
        self.stop_recorderd()
        if settings:
            self.write_ini(settings)
        between()
        self.start_recorderd()
        wait_for(self.streaming, PATIENCE_S, "the next recorder streams")

    def run(self, *arguments):
        """(exit status, output) of recorderd for another task than recording."""
        done = subprocess.run([program("recorderd"), *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        return done.returncode, done.stdout + done.stderr

    def clip_over_both(self, from_us):
        """A clip with frames from before and after a restart; none of them may be missing."""
        self.new_frames(30)
        to_us = just_after(self.camera.newest())
        answer = self.footage(from_us, to_us)
        assert answer.status == 200, (answer.status, answer.body[:300])
        shown = [number for _, number in self.frames_of(answer.body)]
        taken = [frame.number % COUNT for frame in self.camera.frames() if from_us <= frame.wall_us < to_us]
        missing = [number for number in taken[1:-1] if number not in shown]
        assert not missing, f"{len(missing)} of {len(taken)} frames are missing: {missing[:5]}"
        return answer


def numbers_taken(rig, from_us):
    return [frame.number % COUNT for frame in rig.camera.frames() if frame.wall_us >= from_us]


def test_a_restart_keeps_frames_that_could_not_be_written():
    """They are in clips after the restart, and the first recorder with a working disk records them."""
    with Managed(TESTED) as rig:
        rig.start()
        rig.disk.read_only()
        wait_for(lambda: rig.get("/health").status == 503, PATIENCE_S, "/health reports the disk")
        from_us = second_after(rig.camera.newest())
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


def test_the_workers_keep_using_the_memory_during_a_restart():
    """Also while no recorder runs: a clip does not need one, and /health reports that there is none. A clip that is being made is completed."""
    with Managed({**TESTED, "record": {"enabled": "no"}}, fps="60") as rig:
        rig.start_recorderd()
        rig.start_web()
        wait_for(rig.streaming, PATIENCE_S, "the recorder streams")
        rig.new_frames(240)
        from_us = second_after(rig.camera.frames()[0])
        to_us = rig.camera.newest().wall_us // US * US
        request = Request(rig, from_us, to_us)
        rig.stop_recorderd()
        assert rig.get("/health").status == 503 and rig.get("/camera_info").status == 503
        rig.start_recorderd()
        wait_for(rig.streaming, PATIENCE_S, "the next recorder streams")
        answer = request.finish()
        assert answer.status == 200, (answer.status, answer.body[:300])
        assert_numbers([number for _, number in rig.frames_of(answer.body)], rig.camera.frames(), from_us, to_us, COUNT)
        rig.stop_recorderd()
        assert_exact(rig, from_us, to_us)
        rig.start_recorderd()
        wait_for(rig.streaming, PATIENCE_S, "the third one streams")
        rig.clip_over_both(from_us)


def test_new_memory_settings_drop_nothing_that_fits():
    """More memory, less memory, and room for another number of frames, one after the other."""
    with Managed({**TESTED, "record": {"enabled": "no"}}) as rig:
        rig.start_recorderd()
        rig.start_web()
        wait_for(rig.streaming, PATIENCE_S, "the recorder streams")
        rig.new_frames(60)
        from_us = second_after(rig.camera.frames()[0])
        to_us = rig.camera.newest().wall_us // US * US
        rig.new_frames(10)
        for change in ({"memory": {"minutes": 5, "max_mb": 100}}, {"memory": {"minutes": 5, "max_mb": 16}},
                       {"memory": {"minutes": 20, "max_mb": 16}, "camera": {"fps": 25}}):
            rig.restart({**TESTED, "record": {"enabled": "no"}, **change})
            assert_exact(rig, from_us, to_us)
            rig.clip_over_both(from_us)
            assert not os.path.exists(rig.ring() + ".new"), "the temporary ring is left"


@contextlib.contextmanager
def held(rig):
    """The ring of the running recorder, which a worker maps as well."""
    wait_for(lambda: rig.get("/snapshot").status == 200, PATIENCE_S, "a worker has the ring")
    fd = os.open(rig.ring(), os.O_RDONLY)
    try:
        wait_for(lambda: os.fstat(fd).st_blocks * 512 > 60 * MIB, PATIENCE_S, "all of its pages are allocated")
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
        assert left < 4 * MIB, f"{left >> 20} MiB are still held by readers"
        assert rig.get("/health").status == 503 and rig.get("/snapshot").status == 503
        rig.start_recorderd()
        wait_for(rig.streaming, PATIENCE_S, "the workers find the next ring")
        assert "took over" not in rig.log(), rig.log()


def test_without_a_service_manager_sigterm_frees_the_memory():
    assert_freed_by(signal.SIGTERM, ())


def test_ctrl_c_always_frees_the_memory():
    assert_freed_by(signal.SIGINT, ("--keep-memory",))


def test_what_a_killed_recorder_leaves_is_named_and_freed_by_the_command_that_is_named():
    with Managed(TESTED) as rig:
        rig.start()
        with held(rig) as fd:
            assert rig.name not in rig.run("--leftovers")[1], "a running recorder is listed"
            assert rig.run("--free-memory", "-n", rig.name)[0] == 1 and os.path.exists(rig.ring()), "the ring of a running recorder was freed"
            rig.stop_recorderd(signal.SIGKILL)
            status, output = wait_for(lambda: rig.run("-S", "-c", rig.ini), PATIENCE_S, "")
            wait_for(lambda: f"--free-memory -n {rig.name}" in rig.run("-S", "-c", rig.ini)[1], PATIENCE_S, "--status names the command")
            status, output = rig.run("-S", "-c", rig.ini)
            assert status == 3 and " s of frames" in output and rig.ini in output, output
            line, = [line for line in rig.run("--leftovers")[1].splitlines() if rig.name in line]
            assert "67 MiB" in line or "68 MiB" in line, line  # with the side rings
            command = line.split("To free them: ")[1].split()
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0 and "freed" in done.stdout, done
            assert os.fstat(fd).st_blocks * 512 < 4 * MIB
        assert not os.path.exists(rig.ring())
        assert rig.name not in rig.run("--leftovers")[1]
        assert rig.run("--free-memory", "-n", rig.name)[0] == 0, "nothing to free is not an error"


def test_the_memory_is_freed_even_if_its_configuration_is_gone():
    """As a service manager does after a stop."""
    for spoil in (lambda path: None, os.unlink, lambda path: open(path, "w", encoding="ascii").write("[camera\n")):
        with Managed(TESTED) as rig:
            rig.start_recorderd()
            wait_for(lambda rig=rig: rig.camera.frames(), PATIENCE_S, "frames")
            rig.stop_recorderd()
            assert os.path.exists(rig.ring()), "the ring was removed"
            spoil(rig.ini)
            assert rig.run("--free-memory", "-c", rig.ini)[0] == 0
            assert not os.path.exists(rig.ring())


def test_memory_that_no_configuration_names_is_freed_after_a_day():
    """Any recorder of the same user frees it. Memory that is still configured, or younger, stays."""
    later = ["unshare", "--time", "--monotonic", "90000", "--boottime", "90000"]
    if subprocess.run([*later, "true"], capture_output=True, check=False).returncode != 0:
        raise Skipped("time namespaces are not available")
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
        assert os.path.exists(gone.ring()) and os.path.exists(kept.ring()), "it was freed before a day had passed"
        spawn = other.spawn
        other.spawn = lambda command, *rest: spawn(command if command[0] != program("recorderd") else [*later, *command], *rest)
        other.start_recorderd()
        wait_for(lambda: not os.path.exists(gone.ring()), PATIENCE_S, "the memory is freed")
        wait_for(lambda: f"that the camera {gone.name} had left" in other.log(), PATIENCE_S, "and that is logged")
        assert os.path.exists(kept.ring()), "it is still configured"


def test_the_ring_of_another_user_is_neither_used_nor_removed():
    if os.geteuid() != 0:
        raise Skipped("only root can give a file to another user")
    with Managed(TESTED) as rig:
        with open(rig.ring(), "wb") as file:
            file.write(b"somebody's")
        os.chmod(rig.ring(), 0o666)
        os.chown(rig.ring(), 65534, 65534)
        rig.start_recorderd()
        rig.camera.wait_for_frames(30)
        wait_for(lambda: "belongs to the user" in rig.log(), PATIENCE_S, "it is logged, and frames are recorded")
        rig.stop_recorderd(signal.SIGINT)
        with open(rig.ring(), "rb") as file:
            assert file.read() == b"somebody's"


def test_a_ring_that_others_could_write_to_is_not_used():
    with Managed(TESTED) as rig:
        rig.start_recorderd()
        wait_for(lambda: rig.camera.frames(), PATIENCE_S, "frames")
        rig.stop_recorderd()
        os.chmod(rig.ring(), 0o666)
        rig.start_recorderd()
        wait_for(lambda: "other users could have written to it" in rig.log(), PATIENCE_S, "it is logged")
        wait_for(lambda: os.path.exists(rig.ring()) and os.stat(rig.ring()).st_mode & 0o777 == 0o640, PATIENCE_S, "it has created a ring of its own")


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
