"""A recordings folder without a recorder, to be shipped: some segments are closed, and one is open."""
import os
import struct

from support.false_motion import crc32c
from support.made_archive import make_archive, make_motion
from support.ship import CATALOGUE_ENTRY, ShippingRig

FPS, SECONDS = 5, 2
FRAMES = FPS * SECONDS  # of a segment
ARCHIVE = "00112233445566778899aabbccddeeff"


def open_again(recordings):
    """The last segment of the list counts as being recorded."""
    path = os.path.join(recordings, "recording_index.bin")
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        data[-CATALOGUE_ENTRY + 92] = 0
        data[-4:] = struct.pack("<I", crc32c(data[-CATALOGUE_ENTRY:-4]))
        file.seek(0)
        file.write(data)


class PreparedRig(ShippingRig):
    def __init__(self, store, closed=2, archive=ARCHIVE, settings=None, **arguments):
        """archive: the id of the folder."""
        super().__init__(store, settings, **arguments)
        make_archive(self.recordings, closed + 1, seconds=SECONDS, fps=FPS, link=False)
        make_motion(self.recordings)
        open_again(self.recordings)
        with open(os.path.join(self.recordings, "archive.id"), "w", encoding="ascii") as file:
            file.write(f"{archive} {'0' * 64}\n")
        for name in os.listdir(self.recordings):  # a .motion file that has just been written to may not be complete
            os.utime(os.path.join(self.recordings, name), (1, 1))

    def pieces_are_whole(self):
        """Every frame of the open segment is in pieces, without a hole."""
        file, number = self.open_segment()
        return len(self.joined(number)[1]) == os.path.getsize(os.path.join(self.recordings, file[:-4] + ".idx"))

    def is_done(self):
        """True if all of it is in the store."""
        try:
            return self.all_shipped() and self.pieces_are_whole()
        except ValueError:
            return False
