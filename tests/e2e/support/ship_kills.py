"""recorder-ship is killed right after each of its system calls, and what has to be true after each kill.

There is no recorder (support/prepared.py). Each round begins with an empty store and
without notes of earlier ones, is killed (tests/tools/kill_after.c), and goes on until everything is in the store.
"""
import os
import shutil
import signal
import struct
import subprocess

from support import BUILD
from support.false_motion import crc32c
from support.prepared import FRAMES, PreparedRig
from support.rig import program
from support.s3_server import S3Server
from support.ship import ENTRY, HEADER, until
from support.times import PATIENCE_S, wait_for

KILLED = 137
KILL_AFTER = os.path.join(BUILD, "tests", "tools", "kill_after")


class ShipKills(PreparedRig):
    """`rewritten` has the names that were put twice with different bytes."""

    def __init__(self, store):
        super().__init__(store)
        self.written, self.rewritten = {}, []
        self.store.kept = self.note_name

    def note_name(self, name, body):
        if "/days/" not in name and self.written.setdefault(name, body) != body:
            self.rewritten.append(name)

    def forget(self):
        """An empty store, and no notes."""
        with self.store.changed:
            self.store.objects.clear()
            self.store.order.clear()
        shutil.rmtree(self.state, ignore_errors=True)

    def noted(self):
        """The numbers of the segments that shipped.bin promises."""
        try:
            with open(os.path.join(self.state, "shipped.bin"), "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return []
        entries = [data[at:at + ENTRY] for at in range(HEADER, len(data) - ENTRY + 1, ENTRY)]
        return [struct.unpack_from("<Q", entry)[0] for entry in entries if struct.unpack("<I", entry[-4:])[0] == crc32c(entry[:-4])]

    def check_order(self):
        """What is noted is in the store with all of its files, and what a day lists is noted."""
        assert not self.rewritten, f"put with other bytes than before: {self.rewritten}"
        noted = self.noted()
        for file, number in self.closed().items():
            if number in noted:
                for kind in ("idx", "mp4"):
                    assert self.segment_object(number, kind) == self.file(file[:-3] + kind), f"{kind} of {number} is noted and not there"
            elif self.segment_object(number, "mp4") is not None:
                assert self.segment_object(number, "idx") is not None, f"the index of {number} did not go first"
        assert set(self.listed()) <= set(noted), f"listed: {self.listed()}, noted: {noted}"
        assert noted == sorted(set(noted)), f"noted twice, or not oldest first: {noted}"

    def finish(self):
        """A new start brings everything into the store."""
        self.start_ship()
        until(self.is_done, self.store)
        assert self.stop_ship() in (0, -signal.SIGTERM)  # the latter if there was nothing to do, before it handles signals
        self.check_order()
        file, number = self.open_segment()
        assert self.pieces_of(file, number) == FRAMES
        assert self.listed() == sorted(self.closed().values())

    def kill_after(self, count, *options):
        """Runs until the kill. False if everything was in the store before."""
        command = [KILL_AFTER, *options, str(count), program("recorder-ship"), "--config", self.ini]
        self.forget()
        with open(self.path("ship.log"), "ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for(lambda: process.poll() is not None or self.is_done(), PATIENCE_S, "it is killed, or has shipped everything")
            done = process.poll() is None
        finally:
            status = self.stop_process(process)
        assert done or status == KILLED, f"recorder-ship ended with status {status}: {self.log('ship.log')[-500:]}"
        self.check_order()
        self.finish()
        return not done


def kills(step, *options, progress=None):
    """Kills after the first call, and `step` calls later, and so on. Returns how many kills there were."""
    with S3Server() as store, ShipKills(store) as rig:
        rig.finish()
        count = 1
        while rig.kill_after(count, *options):
            if progress:
                progress(count)
            count += step
        return (count - 1) // step
