"""Reading .idx files (shared/segment/index.h)."""
import os
import struct

RECORD = struct.Struct("<qQIIII")


def index_files(folder):
    return sorted(name for name in os.listdir(folder) if name.endswith(".idx"))


def wall_times(path, first=0):
    """wall_us of each whole record from number `first` on."""
    with open(path, "rb") as file:
        file.seek(RECORD.size * (first + 1))
        data = file.read()
    whole = len(data) - len(data) % RECORD.size
    return [record[0] for record in RECORD.iter_unpack(data[:whole])]
