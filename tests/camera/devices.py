"""V4L2 devices of real drivers in the virtual machine: vivid (raw pictures, faults on demand) and v4l2loopback (fed by FFmpeg)."""
import contextlib
import fcntl
import os
import re
import struct
import subprocess

MODULES = "/lib/modules/vm"
DRIVER = "/sys/bus/platform/drivers/vivid"

# linux/videodev2.h
VIDIOC_QUERYCAP = 0x80685600
VIDIOC_REQBUFS = 0xC0145608
VIDIOC_G_CTRL = 0xC008561B
VIDIOC_S_CTRL = 0xC008561C
VIDIOC_QUERYCTRL = 0xC0445624
CTRL_FLAG_NEXT_CTRL = 0x80000000
BUF_TYPES = (1, 9)  # VIDEO_CAPTURE, VIDEO_CAPTURE_MPLANE
MEMORY_MMAP = 1

CAP_VIDEO_CAPTURE, CAP_VIDEO_CAPTURE_MPLANE = 0x1, 0x1000

# vivid's node_types: the nodes of a device
CAPTURE, OUTPUT, METADATA_CAPTURE, METADATA_OUTPUT = 0x1, 0x100, 0x20000, 0x40000

CROSS = 19  # of its test patterns: two lines of ten pixels on a plain ground


class Node:
    """An open video node. A disconnected vivid comes back when its last user closes it."""

    def __init__(self, path):
        self.file = open(path, "r+b", buffering=0)  # pylint: disable=consider-using-with
        self.ids = dict(self.controls())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def controls(self):
        """(name as in an .ini, id) of each control."""
        query = bytearray(68)
        struct.pack_into("=I", query, 0, CTRL_FLAG_NEXT_CTRL)
        with contextlib.suppress(OSError):
            while True:
                fcntl.ioctl(self.file, VIDIOC_QUERYCTRL, query)
                number = struct.unpack_from("=I", query)[0]
                name = query[8:40].split(b"\0")[0].decode()
                yield re.sub("[^a-z0-9]+", "_", name.lower()).strip("_"), number
                struct.pack_into("=I", query, 0, number | CTRL_FLAG_NEXT_CTRL)

    def capabilities(self):
        """device_caps"""
        return struct.unpack_from("=I", fcntl.ioctl(self.file, VIDIOC_QUERYCAP, bytes(104)), 88)[0]

    def set(self, name, value=1):
        fcntl.ioctl(self.file, VIDIOC_S_CTRL, struct.pack("=Ii", self.ids[name], value))

    def get(self, name):
        return struct.unpack("=Ii", fcntl.ioctl(self.file, VIDIOC_G_CTRL, struct.pack("=Ii", self.ids[name], 0)))[1]

    def claim(self):
        """Makes the device busy for everyone else."""
        for buffers in BUF_TYPES:
            with contextlib.suppress(OSError):
                fcntl.ioctl(self.file, VIDIOC_REQBUFS, struct.pack("=IIII4x", 2, buffers, MEMORY_MMAP, 0))


def set_control(path, name, value=1):
    with Node(path) as node:
        node.set(name, value)


def get_control(path, name):
    with Node(path) as node:
        return node.get(name)


def load(module, **parameters):
    """parameters: lists become the kernel's n,n,n."""
    words = [f"{name}=" + ",".join(map(str, value)) if isinstance(value, list) else f"{name}={value}"
             for name, value in parameters.items()]
    subprocess.run(["insmod", f"{MODULES}/{module}.ko", *words], check=True)


def load_vivid(numbers):
    """
    One webcam for each number N of /dev/videoN. The first one knows the multi-planar calls alone, and has an output and metadata
    nodes as well, numbered below. They show colour bars, only the second one a cross, which can move without changing the whole picture.
    """
    count = len(numbers)
    load("vivid", n_devs=count, node_types=[CAPTURE | OUTPUT | METADATA_CAPTURE | METADATA_OUTPUT] + [CAPTURE] * (count - 1),
         multiplanar=[2] + [1] * (count - 1), num_inputs=[1] * count, input_types=[0] * count, vid_cap_nr=numbers, vid_out_nr=[0], meta_cap_nr=[1], meta_out_nr=[2])
    for number in numbers:
        set_control(f"/dev/video{number}", "osd_text_mode", 2)  # no text across the pattern
    if numbers[1:]:
        set_control(f"/dev/video{numbers[1]}", "test_pattern", CROSS)


def prefer_vivid(instance):
    """Gives the thread that makes this device's frames the highest priority, so that it skips frames only if the whole machine
    stalls."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/comm", encoding="utf-8") as comm:
            if comm.read().startswith(f"vivid-{instance:03d}-vid-c"):
                os.sched_setscheduler(int(entry), os.SCHED_FIFO, os.sched_param(1))


def unplug_vivid():
    """Removes all of the driver's devices, including their nodes."""
    with open(f"{DRIVER}/unbind", "w", encoding="ascii") as unbind:
        unbind.write("vivid.0")


def unload(module):
    """Unloads a module; returns False while a descriptor of one of its devices is open."""
    return subprocess.run(["rmmod", module], capture_output=True, check=False).returncode == 0


def loopback_built():
    return os.path.exists(f"{MODULES}/v4l2loopback.ko")


def load_loopback(numbers):
    """Loads v4l2loopback. With exclusive_caps its nodes are outputs until they are fed, and captures from then on."""
    load("v4l2loopback", devices=len(numbers), video_nr=numbers, exclusive_caps=[1] * len(numbers))


def link(kind, name, number):
    """Makes a link as udev would: /dev/v4l/by-id/NAME or by-path/NAME -> /dev/videoN. Returns the link."""
    path = f"/dev/v4l/by-{kind}/{name}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    os.symlink(f"../../video{number}", path)
    return path
