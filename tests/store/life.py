"""What the tests with real stores share."""
import contextlib
import os
import threading

from support.times import PATIENCE_S, wait_for


def open_segment_is_there(rig):
    """A second of the open segment is in pieces, which are its beginning."""
    def found():
        file, number = rig.open_segment()
        return len(rig.joined(number)[1]) > 32 * 32 and (file, number)
    file, number = wait_for(found, PATIENCE_S, "pieces of an open segment are there")
    assert rig.pieces_of(file, number) > 30


def keep_a_large_clip(rig):
    content = os.urandom(1 << 20) * 65 + b"rest"
    os.makedirs(rig.clips, exist_ok=True)
    with open(os.path.join(rig.clips, "large.mp4"), "wb") as clip:
        clip.write(content)
    rig.restart_ship()  # which looks for clips at once
    wait_for(lambda: content in rig.named("clips").values(), PATIENCE_S, "the clip is there")


def ship_with_a_wrong_clock(rig):
    """The clock of the recorder and of recorder-ship is 50 minutes ahead of the store's."""
    rig.wait_shipped()
    rig.stop_ship()
    rig.clock.step(3000)
    rig.start_ship()
    count = len(rig.closed())
    wait_for(lambda: len(rig.closed()) > count, PATIENCE_S, "a segment is closed by that clock")
    rig.wait_shipped()
    assert "clock of this machine differs" not in rig.warnings(), rig.warnings()
    rig.clock.set_offset(0)
    rig.new_frames(60)


class Load:
    """Others who put objects of a megabyte into a bucket of their own, as fast as they can."""

    def __init__(self, store, clients=3):
        """store: as of deploy/store-setup."""
        self.store, self.stopping, self.done = store, threading.Event(), 0
        self.threads = [threading.Thread(target=self.run, args=(f"load/{number}",)) for number in range(clients)]

    def run(self, name):
        body = os.urandom(1 << 20)
        while not self.stopping.is_set():
            with contextlib.suppress(OSError):
                status, _ = self.store.request("PUT", name, body=body)
                self.done += status == 200

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_for(lambda: self.done > 3, PATIENCE_S, "others put objects")
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
