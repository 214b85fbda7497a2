"""The writes to a disk, in order, as QEMU's blklogwrites recorded them (the format of Linux's dm-log-writes), and the disk that a
power cut leaves.

Sector 0 is the super block. Then for each write one sector (sector, sectors, flags, data_len: 64 bits each) followed by its data;
a flush has the flag and no data.
"""
import os
import shutil
import struct

SECTOR = 512
MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


class Write:
    def __init__(self, position, sector, count, flags):
        self.position, self.sector, self.count, self.flags = position, sector, count, flags
        self.end = position + SECTOR + (0 if flags & DISCARD else count * SECTOR)


def read_log(path):
    """All writes in the log, up to the first hole, which is a write that had not reached the log yet."""
    writes, position, size = [], SECTOR, os.path.getsize(path)
    with open(path, "rb") as log:
        assert struct.unpack("=Q", log.read(8))[0] == MAGIC, "not a log of writes"
        while position < size:
            log.seek(position)
            sector, count, flags, data_bytes = struct.unpack("=QQQQ", log.read(32))
            if not count and not flags:
                break
            assert flags <= 15 and not flags & MARK and data_bytes == 0, "not a write"
            writes.append(Write(position, sector, count, flags))
            position = writes[-1].end
    return writes


def last_flush(writes):
    return max((number for number, write in enumerate(writes) if write.flags & FLUSH), default=0)


def survivors(unflushed, chance):
    """(write, its sectors): a random selection of the unflushed writes, in any order, some of them torn."""
    for write in chance.sample(unflushed, chance.randint(0, len(unflushed))):
        yield write, write.count if chance.random() < 0.7 else chance.randint(1, write.count)


def disk_after_cut(log_path, writes, before, after, chance):
    """Makes the disk `after` from the disk `before` and the `writes` to it. Returns how many of them were not flushed, and how many
    of these survived."""
    flushed = last_flush(writes)
    unflushed = [write for write in writes[flushed:] if write.count]
    lucky = list(survivors(unflushed, chance))
    shutil.copyfile(before, after)
    with open(log_path, "rb") as log, open(after, "r+b") as disk:
        for write, count in [(write, write.count) for write in writes[:flushed]] + lucky:
            log.seek(write.position + SECTOR)
            disk.seek(write.sector * SECTOR)
            disk.write(bytes(count * SECTOR) if write.flags & DISCARD else log.read(count * SECTOR))
    return len(unflushed), len(lucky)
