#!/usr/bin/python3
"""The recorder on cameras of a real kernel; runs inside the virtual machine.

    name     device                         source
    mjpg     20                             v4l2loopback, FFmpeg sends JPEGs of tests/tools/make_frames
    uyvy     a by-id link to /dev/video21   v4l2loopback, FFmpeg sends colour bars
    nv12     /dev/video22                   the same
    yu12     /dev/video23                   the same
    first    auto: /dev/video4              vivid, multi-planar, 1 frame a second: few machines stand still for half of that
    second   a by-path link to /dev/video5  vivid, a cross that moves once; takes all the faults. /dev/video6 is nobody's

The four are asked for pictures, and mjpg records too; then they make room for the two.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

# pylint: disable=wrong-import-position
import cases_choice  # noqa: E402
import cases_clock  # noqa: E402
import cases_faults  # noqa: E402
import cases_motion  # noqa: E402
import cases_pictures  # noqa: E402
import devices  # noqa: E402
from station import Station  # noqa: E402
from support.tap import run_tests  # noqa: E402

VIVID = [4, 5, 6]
LOOPBACK = {"mjpg": 20, "uyvy": 21, "nv12": 22, "yu12": 23}


def cameras():
    live = {"record": {"enabled": "no"}}
    uyvy = devices.link("id", "usb-Loopback_21-video-index0", LOOPBACK["uyvy"])
    second = devices.link("path", "platform-vivid.000-video-index0", VIVID[1])
    return {
        "first": {"camera": {"device": "auto", "fps": 1}},
        "second": {"camera": {"device": second}, "controls": {"brightness": 77, "hue": -20}},
        "mjpg": {"camera": {"device": LOOPBACK["mjpg"], "fallback": "none"}},
        "uyvy": {"camera": {"device": uyvy, "fallback": "none"}, **live},
        "nv12": {"camera": {"device": f"/dev/video{LOOPBACK['nv12']}", "fallback": "none"}, **live},
        "yu12": {"camera": {"device": f"/dev/video{LOOPBACK['yu12']}", "fallback": "none"}, **live},
    }


def main():
    cases = {}
    with Station(cameras()) as station:
        station.vivid, station.loopback = VIVID, LOOPBACK
        station.start_web(station.inis)
        if devices.loopback_built():
            devices.load_loopback(list(LOOPBACK.values()))
            cases.update(vars(cases_pictures))
        else:
            print("# v4l2loopback is not built: MJPG, UYVY, NV12 and YU12 are skipped")
        status = run_tests({**cases, **vars(cases_choice), **vars(cases_motion), **vars(cases_faults), **vars(cases_clock)}, station)
    sys.exit(status)


if __name__ == "__main__":
    main()
