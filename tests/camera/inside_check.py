#!/usr/bin/python3
"""The first start after each of several power cuts (/dev/vda, vdb, …); runs inside the virtual machine.

Prints a line of JSON for each disk: the frames that are indexed (wall_us), how many a player gets of them and what it complains
about, and the files whose .idx a rebuild from the segment would not make the same.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

# pylint: disable=wrong-import-position
from indexes import index_files, wall_times  # noqa: E402
from station import Station  # noqa: E402
from support.times import wait_for  # noqa: E402

PATIENCE_S = 120


def recover(station, folder):
    """Starts the recorder and waits until the archive is repaired; nothing new is recorded."""
    starts = station.log("power.log").count(f" in {folder}")
    station.start_recorder("power")
    wait_for(lambda: station.log("power.log").count(f" in {folder}") > starts, PATIENCE_S, "the archive is repaired")


def footage(station, times):
    """(frames in a clip of everything, complaints about it)."""
    answer = station.get(f"/footage?from={times[0] / 1e6:.6f}&to={(times[-1] + 1) / 1e6:.6f}", timeout=PATIENCE_S)
    if answer.status != 200:
        return 0, answer.body.decode()
    path = station.path("clip.mp4")
    with open(path, "wb") as clip:
        clip.write(answer.body)
    done = subprocess.run(["ffprobe", "-v", "warning", "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames",
                           "-of", "csv=p=0", path], capture_output=True, text=True, check=False)
    return int(done.stdout or 0), done.stderr


def contents(folder):
    found = {}
    for name in index_files(folder):
        with open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read()
    return found


def check(disk):
    mount = f"/disks/{disk}"
    folder = f"{mount}/recordings"
    os.makedirs(mount)
    subprocess.run(["mount", "-t", "ext4", f"/dev/{disk}", mount], check=True)
    with Station({"power": {"camera": {"device": "/dev/video63", "fallback": "none"}, "record": {"directory": folder}}}) as station:
        recover(station, folder)
        times = sorted(wall for name in index_files(folder) for wall in wall_times(os.path.join(folder, name)))
        station.start_web(station.inis)
        shown, complaints = footage(station, times) if times else (0, "")
        station.stop_recorder("power")
        indexes = contents(folder)
        for name in indexes:
            os.unlink(os.path.join(folder, name))
        recover(station, folder)
        station.stop_recorder("power")
        rebuilt = contents(folder)
        wrong = sorted(name for name in indexes.keys() | rebuilt.keys() if indexes.get(name) != rebuilt.get(name))
        log = station.log("power.log")
    subprocess.run(["umount", mount], check=True)
    return {"disk": disk, "indexed": times, "shown": shown, "complaints": complaints, "wrong_indexes": wrong, "log": log}


if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        print(json.dumps(check("vd" + chr(ord("a") + number))), flush=True)
