#!/usr/bin/env python3
"""The recorder behind a real nginx (webserver_suite.py)."""
from webserver_suite import run

run("nginx")
