"""The Debian package, built from the last commit, for the tests in this folder."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

PROJECT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, "tests", "e2e"))

from support import BUILD  # noqa: E402  pylint: disable=wrong-import-position
from support.tap import Skipped, comment  # noqa: E402  pylint: disable=wrong-import-position

FOLDER = os.path.join(BUILD, "deb")
PLACE = os.path.join(BUILD, "fresh")  # for the bare Debian, and for logs
QUIET = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C")
UNITS = ("recorderd@", "recorder-memory@", "recorder-hooks@", "recorder-source@", "recorder-ship@", "recorder-fetch", "recorder-api", "recorder-live", "recorder-web")


def needs(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise Skipped(f"{tool} is missing (deploy/install-packages test installs it)")


def output_of(*command, **options):
    """The standard output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def build():
    """Builds the package and returns its path; skips the test if this machine cannot build one."""
    if os.environ.get("SAN"):
        raise Skipped("the package is one without sanitizers")
    needs("dpkg-buildpackage", "dh")
    output_of(os.path.join(PROJECT, "deploy", "build-deb"), env=dict(os.environ, BUILD=BUILD))
    return package()


def release():
    """The path of the package of the last release: of the commit that wrote debian/changelog. Built once, and kept."""
    made = glob.glob(os.path.join(PLACE, "release", "deb", "recorder_*.deb"))
    if not made:
        place = os.path.join(PLACE, "release")
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place + "/sources")
        commit = output_of("git", "log", "-1", "--format=%H", "--", "debian/changelog", cwd=PROJECT).strip()
        output_of("bash", "-c", f"git archive {commit} | tar -x -C {place}/sources", cwd=PROJECT)
        # It must not take this repository for its own.
        output_of("deploy/build-deb", cwd=place + "/sources", env=dict(os.environ, BUILD=place, GIT_DIR="/nowhere"))
        made = glob.glob(os.path.join(place, "deb", "recorder_*.deb"))
    return made[0]


def package():
    """The path of the main package; skips the test if none was built."""
    made = [path for path in glob.glob(os.path.join(FOLDER, "recorder_*.deb"))]
    if not made:
        raise Skipped("there is no package")
    return made[0]


def exposure(unit_file):
    """The exposure of a unit according to systemd-analyze: 0 (sandboxed) to 10."""
    last = output_of("systemd-analyze", "security", "--offline=true", "--threshold=100", unit_file).splitlines()[-1]
    comment(last)
    return float(last.split(":")[1].split()[0])


def fetch_debian(suite, base):
    """Makes a bare Debian of that release and keeps it as the tar file `base`."""
    made = tempfile.mkdtemp(prefix="recorder-base.")
    os.chmod(made, 0o755)  # because it becomes / for all users
    try:
        mirror = [os.environ["DEBIAN_MIRROR"]] if "DEBIAN_MIRROR" in os.environ else []
        done = subprocess.run(["debootstrap", "--variant=minbase", suite, made, *mirror], capture_output=True, text=True, check=False)
        if "Failed getting release file" in done.stderr + done.stdout:
            raise Skipped("no network: debootstrap cannot reach Debian's packages")
        assert done.returncode == 0, f"debootstrap {suite}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        output_of("tar", "-C", made, "-cf", base + ".new", ".")
        os.rename(base + ".new", base)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def unpack_debian(root, suite="bookworm"):
    """Unpacks a bare Debian of that release into `root`. $BUILD/fresh keeps it, because it is a download of 150 MB."""
    base = os.path.join(PLACE, f"base-{suite}.tar")
    if not os.path.exists(base):
        needs("debootstrap")
        fetch_debian(suite, base)
    output_of("tar", "-C", root, "-xf", base)
    shutil.copy("/etc/resolv.conf", os.path.join(root, "etc/resolv.conf"))
    with open(os.path.join(root, "etc/dpkg/dpkg.cfg.d/unsafe-io"), "w", encoding="ascii") as file:
        file.write("force-unsafe-io\n")  # this system need not survive a power cut
    with open(os.path.join(root, "etc/apt/apt.conf.d/90valid"), "w", encoding="ascii") as file:
        file.write('Acquire::Check-Valid-Until "false";\n')  # a mirror may be out of date


def run_in_debian(main):
    """Runs main(root) as root, in mount and process namespaces that end with it; `root` is an empty folder."""
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root, to make a Debian")
        return 0
    if "FRESH_ROOT" in os.environ:
        try:
            return main(os.environ["FRESH_ROOT"])
        except Skipped as why:
            print(f"1..0 # SKIP {why}")
            return 0
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False).returncode != 0:
        print("1..0 # SKIP mount and process namespaces are not available")
        return 0
    os.makedirs(PLACE, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="recorder-fresh.") as root:
        os.chmod(root, 0o755)
        # bash is the first process of that namespace, because it waits for processes that have lost their parent.
        return subprocess.run(["unshare", "--mount", "--mount-proc", "--pid", "--fork", "--kill-child", "bash", "-c", '"$@"; exit $?', "bash",
                               sys.executable, *sys.argv],
                              env=dict(os.environ, FRESH_ROOT=root), check=False).returncode
