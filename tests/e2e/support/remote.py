"""A machine without a camera, which serves the cameras of a store: recorder-fetch, and a web server with its workers."""
import json

from support.fetch import Fetch
from support.rig import Rig
from support.times import PATIENCE_S, wait_for


class RemoteRig(Rig):
    """store: of s3_reads.py, or what has its url and key."""

    def __init__(self, store, **settings):
        super().__init__()
        self.fetch = Fetch(self, store, **settings)
        self.ini = self.fetch.ini

    def stop(self):
        self.stop_web()
        return self.fetch.stop()

    def start(self, camera):
        """Starts both, and waits until that camera of the store is served."""
        self.fetch.start()
        self.start_web(self.ini)
        self.wait_served(camera)

    def wait_served(self, camera):
        wait_for(lambda: camera in self.get("/health").json()["cameras"], PATIENCE_S, f"{camera} is served")

    def info(self, camera):
        answer = self.get(f"/camera_info?camera={camera}")
        return json.loads(answer.body) if answer.status == 200 else {"state": answer.status}
