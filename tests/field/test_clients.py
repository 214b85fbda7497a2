#!/usr/bin/env python3
"""Motion and ZoneMinder watch the recorder behind each web server."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from clients import check_motion, check_zoneminder, serve_by  # noqa: E402
from support import webserver  # noqa: E402
from support.tap import Skipped, main  # noqa: E402


def case(server, check):
    def test(rig):
        if not webserver.SERVERS[server].installed():
            raise Skipped(f"{server} is not installed")
        serve_by(rig, server)
        check(rig)
    test.__name__ = f"test_{check.__name__.replace('check_', '')}_behind_{server}"
    return test


CASES = [case(server, check) for server in webserver.SERVERS for check in (check_motion, check_zoneminder)]

main({one.__name__: one for one in CASES})
