"""Programs that run as users of their own, in a mount namespace in which /run is empty."""
import os
import subprocess
import sys

from support.tap import Skipped

ALONE = "RECORDER_TEST_ALONE"


def as_user(user, *command):
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]


def make_folder(path, recorder, helper):
    """The folder that tmpfiles.d makes for the sockets of a helper, which are of its group."""
    os.makedirs(path)
    os.chown(path, recorder, helper)
    os.chmod(path, 0o2750)


def run_alone(test_program):
    """Runs the test program again, with ALONE in its environment, in such a namespace. It must succeed."""
    if os.geteuid() != 0:
        raise Skipped("only root can run programs as other users")
    inner = "mount -t tmpfs -o mode=755 tmpfs /run && exec \"$@\""
    done = subprocess.run(["unshare", "--mount", "sh", "-c", inner, "sh", sys.executable, test_program], env=dict(os.environ, **{ALONE: "1"}),
                          capture_output=True, text=True, check=False)
    if "unshare failed" in done.stderr or "mount:" in done.stderr:
        raise Skipped("this machine has no mount namespaces")
    assert done.returncode == 0, done.stdout + done.stderr
