"""Several recorders in the virtual machine: a folder of .ini files, a recorderd for each, and one lighttpd."""
import json
import os
import shutil

from standstill import Watch
from support.rig import Rig, program
from support.times import time_us, wait_for, wall_us

PATIENCE_S = 180  # far more than anything needs, because this is emulation on a machine that may be busy


class Window:
    """What happens to a recorder's stream from its newest recorded frame on; everything before that is ignored."""

    def __init__(self, station, name):
        self.station, self.name, self.began = station, name, station.watch.now()
        self.before = station.wait_recorded(name, 1)
        self.since_us = time_us(self.before["recording"]["indexed_until"])
        self.opened = station.times_opened(name)

    def causes(self):
        return self.station.causes(self.name, self.since_us)

    def timeline(self):
        return self.station.timeline(self.name, self.since_us)

    def was_opened(self):
        return self.station.times_opened(self.name) - self.opened

    def holds_unless_starved(self, holds, bound_s, failure):
        """Asserts something that holds only if the machine never stalls for longer than the bound. Must be the last assertion of a case."""
        self.station.watch.holds_unless_starved(holds, self.began, bound_s, failure)


class Station(Rig):
    INI = {
        "camera": {"width": 320, "height": 180, "fps": 10},
        "record": {"codec": "mjpeg", "segment_seconds": 60},  # emulation is slow, and the encoder is not the subject
        "retention": {"min_free_gb": 0},
        "memory": {"minutes": 5, "max_mb": 24},
        "log": {"level": "debug"},
    }

    def __init__(self, cameras):
        """cameras: {name: {section: {key: value}}}, which override INI."""
        super().__init__(cameras=0)
        os.unlink(self.ini)
        self.inis = self.path("cameras")
        os.mkdir(self.inis)
        self.names = list(cameras)
        self.recorders, self.feeders, self.watch = {}, [], Watch()
        self.spare = self.first_window = None  # of cases_faults
        for name, settings in cameras.items():
            self.name, self.ini = name, os.path.join(self.inis, name + ".ini")
            self.write_ini(settings)

    def start_recorder(self, name):
        self.recorders[name] = self.spawn([program("recorderd"), "-c", self.inis, "-n", name], name + ".log", self.environment)

    def stop_recorder(self, name):
        return self.stop_process(self.recorders.pop(name), seconds=PATIENCE_S)

    def web_answers(self):
        return wait_for(super().web_answers, PATIENCE_S, "the web server accepts connections")

    def get(self, path, method="GET", headers=None, body=None, timeout=PATIENCE_S):
        return super().get(path, method, headers, body, timeout)

    def stop(self):
        super().stop()
        for name in list(self.recorders):
            self.stop_recorder(name)
        for feeder in self.feeders:
            self.stop_process(feeder)

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def info(self, name):
        """/camera_info without its list of all devices' formats, which is 100 KB long; None until it is there."""
        answer = self.get(f"/camera_info?camera={name}")
        if answer.status != 200:
            return None
        short, devices, _ = answer.body.partition(b',"devices":')
        return json.loads(short + b"}" if devices else short)

    def whole_info(self, name):
        return self.get(f"/camera_info?camera={name}").json()

    def health(self, name):
        answer = self.get(f"/health?camera={name}")
        return answer.status, answer.json()

    def wait_well(self, name):
        try:
            wait_for(lambda: self.health(name)[1]["status"] == "ok", PATIENCE_S, f"{name}: /health has no complaint")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.health(name)}") from error

    def timeline(self, name, from_us):
        return self.get(f"/timeline?camera={name}&from={from_us / 1e6:.6f}&to=now").json()

    def causes(self, name, from_us):
        return [gap["cause"] for gap in self.timeline(name, from_us)["gaps"]]

    def snapshot(self, name):
        answer = self.get(f"/snapshot?camera={name}")
        assert answer.status == 200, answer.body
        return answer.body

    def window(self, name):
        return Window(self, name)

    def times_opened(self, name):
        return self.log(f"{name}.log").count("; requested ")

    def wait_info(self, name, met, what):
        """Waits for a /camera_info that meets the condition."""
        def asked():
            info = self.info(name)
            return info if info and met(info) else None
        try:
            return wait_for(asked, PATIENCE_S, f"{name}: {what}")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.info(name)}") from error

    def wait_known(self, name):
        """/camera_info, which is missing if the recorder has had no heartbeat for some seconds."""
        return self.wait_info(name, lambda _: True, "is known")

    def wait_streaming(self, name):
        return self.wait_info(name, lambda info: info["state"] == "streaming", "streams")

    def wait_more(self, name, count=10):
        """Waits until that many more frames have arrived."""
        frames = self.wait_streaming(name)["frames"]
        return self.wait_info(name, lambda info: info["frames"] >= frames + count, f"{count} more frames")

    def wait_recorded(self, name, count=10):
        """Waits until that many more frames have arrived and are in the archive."""
        self.wait_more(name, count)
        seen_us = wall_us()

        def is_recorded(info):
            until = info["recording"]["indexed_until"]
            return info["state"] == "streaming" and until and time_us(until) >= seen_us
        return self.wait_info(name, is_recorded, f"{count} more frames are recorded")
