#!/usr/bin/env python3
"""The recorder behind a real Apache (webserver_suite.py)."""
from webserver_suite import run

run("apache")
