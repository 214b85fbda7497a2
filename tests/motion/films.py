"""Films with known movement: those that make_scene draws, real ones of Debian's opencv-doc, and those of a folder."""
import json
import os
import shutil
import struct
import subprocess

from support import BUILD

MAKE = os.path.join(BUILD, "tests", "motion", "make_scene")
OPENCV_DATA = os.environ.get("OPENCV_DATA", "/usr/share/doc/opencv-doc/examples/data")
FPS, SECONDS, LEARN_S = 5, 75, 15
LIGHT = ("door_light", "headlights")  # light with hard edges, and a beam that wanders over a wall, count as movement


def drawn_names():
    return subprocess.run([MAKE], check=True, capture_output=True, text=True).stdout.split()


def draw(name, path, width, *options):
    """Writes one of the drawn films; returns what is true of its seconds."""
    command = [MAKE, "-s", str(width), *options, name, path]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def pictures_of(data):
    """The JPEGs of a film."""
    starts, at = [], data.find(b"\xff\xd8\xff")
    while at >= 0:
        starts.append(at)
        at = data.find(b"\xff\xd8\xff", at + 3)
    return [data[a:b] for a, b in zip(starts, starts[1:] + [len(data)])]


def decoded(file, every):
    """The frames of a video as JPEGs of 1280x720."""
    chosen = f"select=not(mod(n\\,{every})),scale=1280:-2,crop=1280:720"
    command = ["ffmpeg", "-v", "error", "-i", os.path.join(OPENCV_DATA, file), "-vf", chosen, "-vsync", "0", "-q:v", "3", "-f", "mjpeg", "pipe:1"]
    return pictures_of(subprocess.run(command, check=True, capture_output=True).stdout)


def to_and_fro(pictures, count):
    period = pictures + pictures[-2:0:-1]
    return [period[number % len(period)] for number in range(count)]


def real_people():
    """People cross a street all the time."""
    return decoded("vtest.avi", 2)[:40 * FPS], "?" * 5 + "#" * 35


def real_tree():
    """A tree in the wind, and for six seconds a hand in front of it."""
    tree = decoded("tree.avi", 1)
    wind, hand = to_and_fro(tree[:52], SECONDS * FPS), tree[53:] + tree[-2:52:-1]
    wind[40 * FPS:40 * FPS + len(hand)] = hand
    return wind, "?" * LEARN_S + "." * 25 + "#" * 6 + "?" + "." * 28


REAL = {"real_people": (real_people, "vtest.avi"), "real_tree": (real_tree, "tree.avi")}


def real_names():
    return [name for name, (_, file) in REAL.items() if os.path.exists(os.path.join(OPENCV_DATA, file))]


def given_names(folder):
    """Of films NAME.mjpeg with what is true of them: NAME.json has seconds: [{truth: 1, 0 or -1}]."""
    return sorted(name[:-len(".mjpeg")] for name in os.listdir(folder) if name.endswith(".mjpeg"))


def fetch(name, path, width, folder=None):
    """Writes the film of that name; returns what is true of its seconds."""
    if folder:
        shutil.copy(os.path.join(folder, name + ".mjpeg"), path)
        with open(os.path.join(folder, name + ".json"), encoding="utf-8") as file:
            return "".join({1: "#", 0: ".", -1: "?"}[second["truth"]] for second in json.load(file)["seconds"])
    if name not in REAL:
        return draw(name, path, width)
    pictures, truth = REAL[name][0]()
    with open(path, "wb") as file:
        file.write(b"".join(pictures))
    return truth


def size_of(jpeg):
    """Width and height, from the frame header."""
    at = 2
    while jpeg[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + struct.unpack_from(">H", jpeg, at + 2)[0]
    height, width = struct.unpack_from(">HH", jpeg, at + 5)
    return width, height


def write_camera_file(film, path):
    """The film as the preloaded camera plays it (tests/tools/frames.h). Returns its size and the number of its pictures."""
    with open(film, "rb") as file:
        pictures = pictures_of(file.read())
    width, height = size_of(pictures[0])
    at = 24 + 16 * len(pictures)
    with open(path, "wb") as file:
        file.write(struct.pack("=QIIII", 0x314D415246524353, width, height, int.from_bytes(b"MJPG", "little"), len(pictures)))
        for picture in pictures:
            file.write(struct.pack("=QQ", at, len(picture)))
            at += len(picture)
        file.write(b"".join(pictures))
    return width, height, len(pictures)
