#!/usr/bin/env python3
"""A /dev/shm of 64 MB, as in a container: the cameras share it, and /health says how long the memory is and how to get more."""
import os
import subprocess
import sys

from support.exact import second_after
from support.rig import program
from support.several import Several
from support.tap import run_tests
from support.times import PATIENCE_S, US, wait_for

SMALL_MB = 64
MIB = 1 << 20
ALONE = "SMALL_MEMORY_ALONE"


class Cameras(Several):
    """Cameras with the default memory: 30 minutes, or what there is."""
    INI = {**Several.INI, "memory": {}}

    def memory(self, word):
        """What /health reports about the memory of one camera."""
        memory, = [one for one in self.get("/health").json()["memory"] if one["camera"] == self.names[word]]
        return memory

    def known(self, word):
        memory = self.memory(word)
        return memory if memory["seconds"] else None


def free_mib():
    room = os.statvfs("/dev/shm")
    return room.f_bavail * room.f_frsize / MIB


def test_two_cameras_share_it():
    with Cameras(("front", "back")) as rig:
        rig.start()
        front, back = (wait_for(lambda word=word: rig.known(word), PATIENCE_S, "the memory of each is known") for word in ("front", "back"))
        for memory in (front, back):
            assert 22 * MIB <= memory["bytes"] <= 30 * MIB, memory
            assert memory["limited_by"] == "/dev/shm" and memory["wanted_seconds"] == 1800, memory
            # 7000 bytes per frame, 30 frames per second
            assert 100 <= memory["seconds"] <= 160, memory
        health = rig.get("/health")
        assert health.status == 200, health.body
        for word in ("front", "back"):
            warning, = [text for text in health.json()["warnings"] if text.startswith(rig.names[word])]
            assert "larger /dev/shm" in warning and f"{rig.memory(word)['seconds']:.0f} s" in warning, warning
        assert free_mib() >= 2, "nothing is left for other programs"
        status = subprocess.run([program("recorderd"), "-S", "-c", rig.inis], capture_output=True, text=True, check=False)
        assert status.stdout.count("larger /dev/shm") >= 2, status.stdout


def test_each_camera_keeps_its_share_after_a_restart():
    with Cameras(("front", "back")) as rig:
        rig.arguments = ("--keep-memory",)
        rig.start()
        from_us = second_after(rig.cameras[0].newest())
        rig.cameras[0].wait_for_frames(60)
        to_us = rig.cameras[0].newest().wall_us // US * US
        before = {word: rig.memory(word)["bytes"] for word in rig.names}
        for word in rig.names:
            assert rig.stop_process(rig.recorders.pop(word)) == 0
            rig.start_one(word)
            rig.wait_streaming(word)
            assert "took over the frames" in rig.log(word + ".log"), rig.log(word + ".log")
        assert {word: rig.memory(word)["bytes"] for word in rig.names} == before
        assert rig.get(f"/footage?from={from_us // US}&to={to_us // US}&camera={rig.names['front']}").status == 200


def test_memory_set_for_one_camera_is_not_shared():
    with Cameras(("front", "back"), settings={"back": {"memory": {"max_mb": 40}}}) as rig:
        rig.start()
        assert rig.memory("back")["bytes"] == 40 * MIB and rig.memory("back")["limited_by"] == "memory.max_mb"
        assert 7 * MIB <= rig.memory("front")["bytes"] <= 19 * MIB, rig.memory("front")


def test_settings_that_do_not_fit_are_lowered_to_what_there_is_and_health_reports_it():
    with Cameras(("front", "back"), settings={word: {"memory": {"max_mb": 2048}} for word in ("front", "back")}) as rig:
        rig.start()
        for word in ("front", "back"):
            memory = wait_for(lambda word=word: rig.known(word), PATIENCE_S, "its memory is known")
            assert 20 * MIB <= memory["bytes"] <= 31 * MIB and memory["limited_by"] == "/dev/shm", memory
            assert "use a larger /dev/shm" in memory["text"], memory
        assert any("/dev/shm" in warning for warning in rig.get("/health").json()["warnings"])


def test_a_second_camera_gets_what_is_free_and_its_share_once_the_first_restarts():
    with Cameras(("front", "back")) as rig:
        rig.arguments = ("--keep-memory",)
        back = os.path.join(rig.inis, "back.ini")
        os.rename(back, back + ".later")
        names, rig.names = rig.names, {"front": rig.names["front"]}
        rig.start()
        assert rig.memory("front")["bytes"] >= 50 * MIB, rig.memory("front")
        os.rename(back + ".later", back)
        rig.names = names
        rig.start_one("back")
        rig.stop_web()
        rig.start_web(rig.inis)
        rig.wait_streaming("back")
        assert rig.memory("back")["bytes"] >= 4 * MIB and rig.memory("back")["limited_by"] == "/dev/shm"
        rig.stop_process(rig.recorders.pop("front"))
        rig.start_one("front")
        rig.wait_streaming("front")
        assert 22 * MIB <= rig.memory("front")["bytes"] <= 30 * MIB, rig.memory("front")


if __name__ == "__main__":
    if ALONE not in os.environ:
        COMMAND = ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv]
        if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
            print("1..0 # SKIP needs root, to mount a /dev/shm of another size")
            sys.exit(0)
        os.execvpe("unshare", COMMAND, {**os.environ, ALONE: "1"})
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_MB}m,mode=1777", "tmpfs", "/dev/shm"], check=True)
    sys.exit(run_tests(globals(), before=lambda _: wait_for(lambda: free_mib() > SMALL_MB - 1, PATIENCE_S, "all memory is free again")))
