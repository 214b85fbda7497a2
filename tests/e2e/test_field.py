#!/usr/bin/env python3
"""The short form of tests/field: Motion as a client, and HAProxy in front, behind one web server."""
import os
import sys

from support import PROJECT, cases_proxied
from support.fronts import HaproxyFront
from support.tap import Skipped, main

sys.path.insert(0, os.path.join(PROJECT, "tests", "field"))
from clients import check_motion  # noqa: E402  pylint: disable=wrong-import-position


def test_motion_shows_what_the_camera_sends(rig):
    check_motion(rig)


def test_everything_works_through_haproxy(rig):
    if HaproxyFront.missing():
        raise Skipped(HaproxyFront.missing())
    with HaproxyFront(rig) as front:
        cases_proxied.check_everything(rig, front)


main({"test_motion": test_motion_shows_what_the_camera_sends, "test_haproxy": test_everything_works_through_haproxy},
     settings={"http": {"allow_control": "yes"}})
