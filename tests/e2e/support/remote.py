"""A machine without a camera, which serves the cameras of a store: recorder-fetch, and a web server with its workers."""
import json
import os

from support.fetch import Fetch
from support.made_archive import make_archive
from support.rig import Rig
from support.times import PATIENCE_S, wait_for


ARCHIVE = "0123456789abcdef0123456789abcdef"
# What must be the same in an answer of the recorder and one from the store.
SAME = ("ETag", "Content-Type", "Content-Length", "Content-Range", "X-Clip-Spans", "X-Clip-Start", "X-Clip-Source", "X-Timestamp", "Content-Disposition")


class RemoteRig(Rig):
    """store: of s3_reads.py, or what has its url and key; settings: of [store]."""

    def __init__(self, store, http=None, **settings):
        """http: of [http]."""
        super().__init__()
        self.fetch = Fetch(self, store, **settings)
        self.ini = self.fetch.ini
        with open(self.ini, "a", encoding="utf-8") as ini:
            ini.write("[http]\n" + "".join(f"{key} = {value}\n" for key, value in (http or {}).items()))

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


def both(rig, path, headers=None):
    """The answers of the recorder and of the machine without a camera (rig.remote), which must be the same."""
    path += ("&" if "?" in path else "?") + f"camera={rig.name}"
    own, remote = rig.get(path, headers=headers), rig.remote.get(path, headers=headers)
    assert remote.status == own.status, f"{path}: {own.status}, but {remote.status} from the store: {remote.body[:300]!r}"
    for name in SAME:
        assert remote.headers.get(name) == own.headers.get(name), f"{path}: {name} differs"
    assert remote.body == own.body, f"{path} differs: {own.body[:200]!r}, {remote.body[:200]!r}"
    return own


def fill_store(rig, segments, seconds):
    """Makes an archive of that many segments, ships it, and starts the rig's web server."""
    make_archive(rig.recordings, segments, seconds=seconds, fps=30, size="640x360", link=False)
    with open(os.path.join(rig.recordings, "archive.id"), "w", encoding="utf-8") as identity:
        identity.write(f"{ARCHIVE} {'0' * 64}\n")
    rig.start_ship()
    rig.wait_shipped()
    rig.stop_ship()
    rig.start_web()
