"""recorder-fetch, and a client that asks it as a worker does (shared/store/fetch_socket.h)."""
import os
import socket
import struct

from support.faulty_rig import Clock
from support.rig import BUILD, program

REQUEST, ANSWER = struct.Struct("<QQII32s64sqq"), struct.Struct("<QQII320s")
REQUEST_MAGIC, ANSWER_MAGIC, BLOCKS_MAGIC = (int.from_bytes(text, "little") for text in (b"SSFREQ1\n", b"SSFANS1\n", b"SSFBLK1\n"))
CAMERAS, SPAN, BYTES = range(3)
INDEXES, MOTION = 1, 2
OK, GONE, UNKNOWN, UNAVAILABLE, BUSY, INVALID = range(6)
BLOCK = 1 << 20
ENDLESS = (1 << 63) - 1
EXPIRED, PARTIAL = 4, 8  # enum segment_flags


def request(kind, number=1, camera="", file="", what=0, begin=0, end=0):
    return REQUEST.pack(REQUEST_MAGIC, number, kind, what, camera.encode(), file.encode(), begin, end)


class Client:
    """One connection."""

    def __init__(self, path, seconds=60):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(seconds)
        self.socket.connect(path)
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, kind, **what):
        self.number += 1
        self.socket.send(request(kind, self.number, **what))
        return self.number

    def receive(self):
        """(number, outcome, retry_after_s, reason) of the next answer."""
        packet = self.socket.recv(4096)
        assert len(packet) == ANSWER.size, f"{len(packet)} bytes"
        magic, number, outcome, retry, reason = ANSWER.unpack(packet)
        assert magic == ANSWER_MAGIC
        return number, outcome, retry, reason.rstrip(b"\0").decode()

    def ask(self, kind, **what):
        """(outcome, reason)"""
        number = self.send(kind, **what)
        got, outcome, _, reason = self.receive()
        assert got == number
        return outcome, reason


class Fetch:
    """recorder-fetch of a rig, with its own .ini and cache."""

    def __init__(self, rig, store, folder="viewer", **settings):
        self.rig, self.store = rig, store
        self.folder = rig.path(folder)
        self.cache = os.path.join(self.folder, "cache")
        os.makedirs(self.folder, exist_ok=True)
        self.ini = os.path.join(self.folder, "viewer.ini")
        self.log_name = folder + ".log"
        with open(self.ini, "w", encoding="utf-8") as file:
            file.write("[store]\n" + "".join(f"{key} = {value}\n" for key, value in {"read_url": store.url, **settings}.items()))
        key = os.path.join(self.folder, "store-read.key")
        with open(key, "w", encoding="utf-8") as file:
            file.write("\n".join(store.key) + "\n")
        os.chmod(key, 0o400)
        self.process, self.clock = None, None

    def with_clock(self):
        """The clocks of recorder-fetch, which the test controls from its next start on."""
        self.clock = Clock(self.folder)
        return self.clock

    def start(self):
        preloaded = {"CLOCK_PRELOAD": self.clock.path, "LD_PRELOAD": os.path.join(BUILD, "tests", "preload", "clock.so")} if self.clock else {}
        self.process = self.rig.spawn([program("recorder-fetch"), "--config", self.ini], self.log_name, {**self.rig.environment, **preloaded})

    def stop(self, **how):
        process, self.process = self.process, None
        return self.rig.stop_process(process, **how)

    @property
    def socket(self):
        return os.path.join(self.cache, "fetch.socket")

    def client(self):
        return Client(self.socket)

    def answers(self):
        try:
            with self.client() as client:
                return client.ask(CAMERAS)[0] == OK
        except OSError:
            return False

    def runs(self):
        assert self.process.poll() is None, "it has ended"
        return self.answers()

    def path(self, camera, file):
        return os.path.join(self.cache, camera, file)

    def read(self, camera, file):
        with open(self.path(camera, file), "rb") as content:
            return content.read()

    def entries(self, camera):
        """File name -> the entry of 192 bytes in the list."""
        data = self.read(camera, "recording_index.bin")
        entries = [data[at:at + 192] for at in range(192, len(data), 192)]
        return {entry[96:160].rstrip(b"\0").decode(): entry for entry in entries}

    def flags(self, camera, file):
        return self.entries(camera)[file][184]

    def blocks(self, camera, file):
        """(file_bytes, numbers of the blocks that are there)"""
        data = self.read(camera, file + ".blocks")
        magic, size = struct.unpack_from("<QQ", data)
        assert magic == BLOCKS_MAGIC
        return size, [number for number in range((len(data) - 16) * 8) if data[16 + number // 8] & 1 << number % 8]
