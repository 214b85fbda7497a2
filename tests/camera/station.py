"""Several recorders side by side in the virtual machine: a folder of .ini files, a recorderd for each, one lighttpd."""
import json
import os
import shutil
import threading
import time

from rig import Rig, comment, program, wait_for, wall_us

PATIENCE_S = 60  # emulation on a busy machine


class Watch(threading.Thread):
    """Notices when this machine stood still: then vivid itself leaves frames out, which no recorder can help."""

    def __init__(self):
        super().__init__(daemon=True)
        self.late_us = []
        self.start()

    def run(self):
        while True:
            before = time.monotonic()
            time.sleep(0.02)
            if time.monotonic() - before > 0.1:
                self.late_us.append(wall_us())


class Station(Rig):
    INI = {
        "camera": {"width": 320, "height": 180, "fps": 10},
        "record": {"codec": "mjpeg", "segment_seconds": 60},  # emulation is slow, and this is not about the encoder
        "retention": {"min_free_gb": 0},
        "memory": {"minutes": 5, "max_mb": 24},
        "log": {"level": "debug"},
    }

    def __init__(self, cameras):
        """cameras: {name: {section: {key: value}}}, over INI."""
        super().__init__(cameras=0)
        os.unlink(self.ini)
        self.inis = self.path("cameras")
        os.mkdir(self.inis)
        self.names = list(cameras)
        self.recorders, self.feeders, self.watch = {}, [], Watch()
        for name, settings in cameras.items():
            self.name, self.ini = name, os.path.join(self.inis, name + ".ini")
            self.write_ini(settings)

    def start_recorder(self, name):
        self.recorders[name] = self.spawn([program("recorderd"), "-c", self.inis, "-n", name], name + ".log", self.environment)

    def stop_recorder(self, name):
        return self.stop_process(self.recorders.pop(name))

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
        """/camera_info; None until it is there. Its list of all devices' formats is 100 KB long and left out."""
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
            wait_for(lambda: self.health(name)[1]["status"] == "ok", PATIENCE_S, f"{name}: health has nothing to say")
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

    def starved_since(self, since_us):
        starved = any(at_us >= since_us for at_us in self.watch.late_us)
        if starved:
            comment("the machine stood still meanwhile: what the driver left out is not counted")
        return starved

    def wait_info(self, name, met, what):
        """The first /camera_info that meets the condition."""
        def asked():
            info = self.info(name)
            return info if info and met(info) else None
        try:
            return wait_for(asked, PATIENCE_S, f"{name}: {what}")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.info(name)}") from error

    def wait_streaming(self, name):
        return self.wait_info(name, lambda info: info["state"] == "streaming", "streams")

    def wait_more(self, name, count=10):
        """Until so many more frames have come."""
        frames = self.wait_streaming(name)["frames"]
        return self.wait_info(name, lambda info: info["frames"] >= frames + count, f"{count} more frames")
