"""Marks that a machine writes onto its own disk about what it has indexed: in the last MARK_BYTES, after the file system."""
import struct

MARK_BYTES = 4096
MARK = struct.Struct("<QQ")  # wall_us, frames that were indexed by then


def mark(wall_us, frames):
    return MARK.pack(wall_us, frames).ljust(MARK_BYTES, b"\0")
