#!/usr/bin/env python3
"""The recorder behind a real Apache (support/webserver_suite.py)."""
from support.webserver_suite import run

run("apache")
