"""The Debian package, built from what is committed, as the tests of this folder use it."""
import glob
import os
import shutil
import subprocess
import sys

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "tests", "e2e"))

from rig import BUILD, Skipped, comment  # noqa: E402  pylint: disable=wrong-import-position

FOLDER = os.path.join(BUILD, "deb")
UNITS = ("recorderd@", "recorder-api", "recorder-live", "recorder-web")


def needs(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise Skipped(f"{tool} is missing (deploy/install-packages test installs it)")


def said_by(*command, **options):
    """Standard output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def build():
    """Path of the package, built anew; skipped where this machine cannot build one."""
    needs("dpkg-buildpackage", "dh")
    said_by(os.path.join(PROJECT, "deploy", "build-deb"), env=dict(os.environ, BUILD=BUILD))
    return package()


def package():
    """The main package of what was built; skipped where nothing was."""
    made = [path for path in glob.glob(os.path.join(FOLDER, "recorder_*.deb"))]
    if not made:
        raise Skipped("there is no package")
    return made[0]


def exposure(unit_file):
    """What systemd-analyze makes of a unit's sandbox: 0 (locked up) to 10."""
    last = said_by("systemd-analyze", "security", "--offline=true", "--threshold=100", unit_file).splitlines()[-1]
    comment(last)
    return float(last.split(":")[1].split()[0])
