#!/usr/bin/env python3
"""Caddy, HAProxy and nginx in front of the recorder, with HTTP/2 and compression, behind each web server."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from support import cases_proxied, fronts, webserver  # noqa: E402
from support.tap import Skipped, main  # noqa: E402
from clients import serve_by  # noqa: E402

FRONTS = {"caddy": fronts.CaddyFront, "haproxy": fronts.HaproxyFront, "nginx": fronts.NginxHttp2Front}


def case(name, server):
    def test(rig):
        if FRONTS[name].missing() or not webserver.SERVERS[server].installed():
            raise Skipped(FRONTS[name].missing() or f"{server} is not installed")
        serve_by(rig, server)
        with FRONTS[name](rig) as front:
            cases_proxied.check_everything(rig, front)
    test.__name__ = f"test_{name}_before_{server}"
    return test


CASES = [case(name, server) for server in webserver.SERVERS for name in FRONTS]

main({one.__name__: one for one in CASES}, settings={"http": {"allow_control": "yes"}})
