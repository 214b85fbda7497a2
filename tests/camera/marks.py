"""What a machine knew, written by itself onto its disk: the last MARK_BYTES of it, behind the file system."""
import struct

MARK_BYTES = 4096
MARK = struct.Struct("<QQ")  # wall_us, frames that were indexed then


def mark(wall_us, frames):
    return MARK.pack(wall_us, frames).ljust(MARK_BYTES, b"\0")
