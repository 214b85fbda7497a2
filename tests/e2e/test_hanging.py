#!/usr/bin/env python3
"""A disk that does not answer reads blocks nothing that does not need it: two cameras, one of which records onto such a disk."""
import concurrent.futures
import contextlib
import http.client
import os
import signal
import sys
import threading

from support.disks import LIVE_FRAMES
from support.exact import assert_numbers, just_after, second_after
from support.faulty_rig import COUNT
from support.hanging import hanging_disk
from support.several import Several
from support.tap import run_tests, shared
from support.times import PATIENCE_S, wait_for

WAITING_CLIENTS = 30  # simultaneous requests for the archive, far more than there are workers
NEEDS_THE_DISK = ("/timeline", "/events", "/motion?from=-60s", "/recordings", "/playlist.m3u8?from=-60s", "/clips", "/recordings/recording_20200101_000000.mp4",
                  "/footage?from=-3d&duration=60", "/snapshot?at=-2d")


class Cameras(Several):
    """`left` records onto a disk that can hang, `right` onto another one."""

    def __init__(self):
        control = {"http": {"allow_control": "yes"}}
        super().__init__(("left", "right"))
        self.disk = hanging_disk(self.folder)
        self.environment.update(self.disk.environment)
        for number, word in enumerate(self.names):
            folders = {"record": {"directory": os.path.join(self.disk.path, "recordings")}, "clips": {"directory": os.path.join(self.disk.path, "clips")}}
            self.name, self.ini = self.names[word], os.path.join(self.inis, word + ".ini")
            self.write_ini({"camera": {"device": f"/dev/video{number}"}, **control, **(folders if word == "left" else {})})

    def __exit__(self, *why):
        self.disk.answer()
        self.stop()
        for process in self.recorders.values():
            self.stop_process(process)
        self.disk.close()
        super().__exit__(*why)

    def spawn(self, command, log, environment):
        if self.disk.library:
            loaded = [environment["LD_PRELOAD"]] if "LD_PRELOAD" in environment else []
            environment = dict(environment, LD_PRELOAD=":".join([*loaded, self.disk.library]))
        return super().spawn(command, log, environment)

    def of(self, word):
        return self.cameras[0 if word == "left" else 1]

    def ask(self, word, path, **options):
        return self.get(path + ("&" if "?" in path else "?") + f"camera={self.names[word]}", **options)

    def recorded(self, word):
        """Waits until new frames of a camera are indexed and a clip of them is available."""
        self.of(word).wait_for_frames(60)
        newest_us = self.of(word).newest().wall_us
        wait_for(lambda: self.archive_reaches(word, newest_us), PATIENCE_S, f"{word} is recorded up to now")

    def archive_reaches(self, word, wall_us):
        until = self.info(word)["recording"]["indexed_until"]
        return until and self.ask(word, f"/footage?from={wall_us / 1e6:.6f}&duration=0.01").status == 200

    def health(self):
        health = self.get("/health").json()
        return " ".join(health["reasons"] + health["warnings"])

    def hang(self):
        self.disk.hang()
        self.crowd = Crowd(self)

    def heal(self):
        self.disk.answer()
        self.crowd.end()


class Crowd:
    """Many clients that keep asking for what is on the disk."""

    def __init__(self, rig):
        self.rig, self.over, self.statuses, self.sentences = rig, threading.Event(), set(), set()
        self.threads = [threading.Thread(target=self.ask, args=(number,), daemon=True) for number in range(WAITING_CLIENTS)]
        for thread in self.threads:
            thread.start()

    def ask(self, number):
        while not self.over.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = self.rig.ask("left", NEEDS_THE_DISK[number % len(NEEDS_THE_DISK)])
                self.statuses.add(answer.status)
                if answer.status == 503:
                    assert answer.headers["Retry-After"], answer.headers
                    self.sentences.add(answer.json()["detail"])

    def refused(self):
        return self.sentences

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a client still waits for its answer"


@shared
def hung(rig):
    """The cameras record, and then left's disk hangs: requests for its archive get a 503 within a bounded time."""
    rig.start()
    for word in rig.names:
        rig.recorded(word)
    rig.hang()
    wait_for(rig.crowd.refused, PATIENCE_S, "a client gets a 503")


def assert_hangs(rig):
    assert rig.disk.hangs(), "the disk answers"


def test_what_needs_no_disk_is_answered_while_reads_hang(rig):
    hung(rig)
    for word in rig.names:
        for path in ("/camera_info", "/health", "/metrics", "/snapshot", "/snapshot?width=160"):
            answer = rig.ask(word, path)
            assert answer.status in ((200, 503) if path == "/health" else (200,)), (word, path, answer.status, answer.body)
        answer = rig.ask(word, "/control?recording=on", method="POST")
        assert answer.status == 200, answer.body
    for path, method, status in (("/nothing", "GET", 404), ("/timeline", "POST", 405), ("/timeline?nonsense=1", "GET", 400),
                                 ("/timeline?camera=nobody", "GET", 404), ("/ui/", "GET", 200)):
        answer = rig.get(path, method=method)
        assert answer.status == status, (path, answer.status, answer.body)
    assert rig.get("/timeline", headers={"Authorization": "Bearer none.of-ours"}).status == 401
    assert_hangs(rig)


def test_requests_that_need_the_disk_get_a_503(rig):
    hung(rig)
    with concurrent.futures.ThreadPoolExecutor(len(NEEDS_THE_DISK)) as at_once:
        answers = list(at_once.map(lambda path: rig.ask("left", path), NEEDS_THE_DISK))
    for path, answer in zip(NEEDS_THE_DISK, answers):
        assert answer.status == 503 and answer.headers["Retry-After"], (path, answer.status, answer.body)
        assert "does not respond to reads" in answer.json()["detail"], answer.body
    for path, method in (("/clips?from=-3d&duration=60&name=kept", "POST"), ("/clips/kept.mp4", "DELETE")):
        answer = rig.ask("left", path, method=method)
        assert answer.status == 503 and "may still take effect" in answer.json()["detail"], answer.body
    assert rig.crowd.statuses == {503}, rig.crowd.statuses
    assert_hangs(rig)


def hang_seconds(rig, word):
    """How long an archive has not answered, according to /metrics."""
    start = f'recorder_archive_hangs_seconds{{camera="{rig.names[word]}"}} '
    return float(next(line for line in rig.get("/metrics").body.decode().splitlines() if line.startswith(start))[len(start):])


def test_health_and_metrics_say_which_archive_does_not_answer(rig):
    hung(rig)
    wait_for(lambda: f"{rig.names['left']}: The archive does not respond to reads" in rig.health(), PATIENCE_S, "/health reports it")
    assert f"{rig.names['right']}: The archive" not in rig.health()
    assert hang_seconds(rig, "right") == 0 and hang_seconds(rig, "left") > 0
    assert_hangs(rig)


def test_the_other_cameras_clips_are_served(rig):
    hung(rig)
    camera = rig.of("right")
    from_us = second_after(camera.newest())
    camera.wait_for_frames(40)
    to_us = just_after(camera.newest())
    rig.recorded("right")
    answer = rig.ask("right", f"/footage?from={from_us / 1e6:.6f}&to={to_us / 1e6:.6f}")
    assert answer.status == 200 and answer.headers["X-Clip-Source"] == "disk", (answer.status, answer.headers)
    assert_numbers([number for _, number in rig.frames_of(answer.body)], camera.frames(), from_us, to_us, COUNT)
    for path in ("/timeline", "/recordings", "/clips", f"/snapshot?at={from_us / 1e6:.6f}&width=160"):
        assert rig.ask("right", path).status == 200, path
    kept = rig.ask("right", f"/clips?from={from_us / 1e6:.6f}&to={to_us / 1e6:.6f}&name=kept", method="POST")
    assert kept.status == 201 and rig.ask("right", "/clips/kept.mp4").status == 200, kept.body
    assert_hangs(rig)


def test_clips_of_the_last_minutes_come_from_the_memory(rig):
    hung(rig)
    camera = rig.of("left")
    from_us = second_after(camera.newest())
    camera.wait_for_frames(40)
    to_us = just_after(camera.newest())
    camera.wait_for_frames(5)
    answer = rig.ask("left", f"/footage?from={from_us / 1e6:.6f}&to={to_us / 1e6:.6f}")
    assert answer.status == 200 and answer.headers["X-Clip-Source"] == "memory", (answer.status, answer.body)
    assert "max-age" not in answer.headers["Cache-Control"], answer.headers
    assert_numbers([number for _, number in rig.frames_of(answer.body)], camera.frames(), from_us, to_us, COUNT)
    assert rig.ask("left", f"/snapshot?at={from_us / 1e6:.6f}").status == 200
    assert_hangs(rig)


def test_the_live_view_continues(rig):
    hung(rig)
    connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=PATIENCE_S)
    connection.request("GET", f"/stream?camera={rig.names['left']}")
    response, data = connection.getresponse(), b""
    while data.count(b"Content-Type: image/jpeg") < LIVE_FRAMES:
        more = response.read1(65536)
        assert more, "the live view ended"
        data += more
    connection.close()
    assert_hangs(rig)


def processes(rig):
    """{pid: parent} of this rig's recorder-api."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/environ", encoding="utf-8", errors="replace") as environment:
                ours = f"RECORDER_CONFIG={rig.inis}" in environment.read().split("\0")
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                name, _, rest = stat.read().partition("(")[2].rpartition(")")
            if ours and name == "recorder-api":
                found[int(pid)] = int(rest.split()[1])
    return found


def masters(rig):
    found = processes(rig)
    return {pid for pid, parent in found.items() if parent not in found}


def set_control(rig, allowed):
    """Changes the configuration of `right`, and waits until both programs have read it."""
    rig.name, rig.ini = rig.names["right"], os.path.join(rig.inis, "right.ini")
    rig.write_ini({"camera": {"device": "/dev/video1"}, "http": {"allow_control": allowed}})
    rig.recorders["right"].send_signal(signal.SIGHUP)
    status = 200 if allowed == "yes" else 403
    wait_for(lambda: rig.ask("right", "/control?recording=on", method="POST").status == status, PATIENCE_S, f"allow_control is {allowed}")


def test_new_settings_are_applied_while_it_hangs(rig):
    hung(rig)
    for allowed in ("no", "yes"):
        set_control(rig, allowed)
    for path in ("/timeline", "/recordings"):
        assert rig.ask("right", path).status == 200, path
    assert rig.ask("left", "/timeline").status == 503
    assert len(processes(rig)) < 40, processes(rig)
    assert_hangs(rig)


def test_a_stop_does_not_wait_for_the_disk(rig):
    hung(rig)
    old = masters(rig)
    assert len(old) == 1, old
    rig.stop_web()
    wait_for(lambda: not old & set(processes(rig)), PATIENCE_S, "the master has ended")
    rig.start_web(rig.inis)
    assert rig.get("/camera_info").status == 200 and rig.ask("right", "/timeline").status == 200
    assert rig.ask("left", "/timeline").status == 503
    assert_hangs(rig)


def test_everything_recovers_when_the_disk_answers(rig):
    hung(rig)
    camera = rig.of("left")
    from_us = second_after(camera.newest())
    camera.wait_for_frames(40)
    to_us = just_after(camera.newest())
    assert_hangs(rig)
    rig.heal()
    wait_for(lambda: "does not respond" not in rig.health(), PATIENCE_S, "/health no longer reports that it hangs")
    rig.recorded("left")
    answer = rig.ask("left", f"/footage?from={from_us / 1e6:.6f}&to={to_us / 1e6:.6f}")
    assert answer.status == 200 and "disk" in answer.headers["X-Clip-Source"], (answer.status, answer.headers)
    assert_numbers([number for _, number in rig.frames_of(answer.body)], camera.frames(), from_us, to_us, COUNT)
    for path in ("/timeline", "/recordings", "/clips"):
        assert rig.ask("left", path).status == 200, path
    wait_for(lambda: len(processes(rig)) < 16, PATIENCE_S, "the workers that hung have ended")


def test_a_recorder_starts_while_it_hangs(rig):
    hung(rig)
    rig.stop_process(rig.recorders["left"])
    rig.disk.hang()
    rig.start_one("left")
    rig.wait_streaming("left")
    camera = rig.of("left")
    from_us = second_after(camera.newest())
    camera.wait_for_frames(40)
    to_us = just_after(camera.newest())
    camera.wait_for_frames(5)
    assert rig.ask("left", "/snapshot").status == 200
    answer = rig.ask("left", f"/footage?from={from_us / 1e6:.6f}&to={to_us / 1e6:.6f}")
    assert answer.status == 200 and answer.headers["X-Clip-Source"] == "memory", (answer.status, answer.body)
    wait_for(lambda: "the recordings disk has not responded" in rig.health(), PATIENCE_S, "/health says why nothing is recorded")
    assert_hangs(rig)
    rig.disk.answer()
    rig.recorded("left")
    wait_for(lambda: "answer" not in rig.health(), PATIENCE_S, "/health has no complaint")
    answer = rig.ask("left", f"/footage?from={from_us / 1e6:.6f}&to={to_us / 1e6:.6f}")
    assert_numbers([number for _, number in rig.frames_of(answer.body)], camera.frames(), from_us, to_us, COUNT)


def main():
    with Cameras() as rig:
        return run_tests(globals(), rig)


if __name__ == "__main__":
    sys.exit(main())
