#!/usr/bin/env python3
"""The recorder behind a real nginx (support/webserver_suite.py)."""
from support.webserver_suite import run

run("nginx")
