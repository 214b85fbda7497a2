#!/usr/bin/env python3
"""The Debian package on a Debian that boots with systemd, in a virtual machine with cameras of a real kernel: see inside_boot.
`make test-package` runs it; needs root and some minutes, and downloads 300 MB once."""
import os
import shutil
import subprocess
import sys

import package
from package import PLACE, PROJECT, QUIET, comment, run_in_debian, output_of, unpack_debian

MORE = "systemd systemd-sysv udev dbus curl kmod procps python3".split()


def main(root):
    made = package.build()
    unpack_debian(root)
    shutil.copy(made, os.path.join(root, "root/recorder.deb"))
    for name in ("tests/install/inside_boot", "tests/e2e/support/s3_server.py"):
        shutil.copy(os.path.join(PROJECT, name), os.path.join(root, "root/"))
    output_of("chroot", root, "apt-get", "-q", "-y", "--no-install-recommends", "install", "/root/recorder.deb", *MORE, env=QUIET)
    console = os.path.join(PLACE, "console.log")
    comment(f"the machine's boot messages: {console}")
    return subprocess.run([os.path.join(PROJECT, "tests/camera/vm"), "--", "/root/inside_boot"], check=False,
                          env=dict(os.environ, VM_ROOT=root, VM_CONSOLE=console, VM_SECONDS=os.environ.get("VM_SECONDS", "1800"))).returncode


if __name__ == "__main__":
    sys.exit(run_in_debian(main))
