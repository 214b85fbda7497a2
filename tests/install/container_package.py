#!/usr/bin/env python3
"""The container image, built from deploy/container with a bare Debian as its base (without a registry), and the containers of
compose.yaml, run by podman with the same limits: no privilege, a root that cannot be written, a test picture for a camera.
`make test-package` runs it; needs root and some minutes."""
import json
import os
import re
import subprocess
import sys
import time

from package import PROJECT, comment, needs, run_in_debian, output_of, unpack_debian

from support.s3_server import S3Server
from support.tap import run_tests
from support.times import wait_for

ROOT = os.environ.get("FRESH_ROOT", "")
IMAGE = "localhost/recorder-test"
INI = """[camera]
name = container-test
device = test
width = 320
height = 180
fps = 10
[record]
directory = /recordings
[retention]
min_free_gb = 0
[memory]
max_mb = 64
[clips]
directory = /clips
[store]
url = http://127.0.0.1:9000/footage
key_file = /etc/recorder/store.key
directory = /store
[hook all]
run = /bin/cat
events = started
[http]
tokens = /tokens/tokens
"""
# A store of the tests, in the network of the containers.
STORE = """
import sys, time
sys.path.insert(0, "/support")
import s3_server
Server = s3_server.Server
s3_server.Server = lambda _, handler: Server(("127.0.0.1", 9000), handler)
s3_server.S3Server().__enter__()
time.sleep(1e6)
"""
LIMITS = ["--cgroup-manager=cgroupfs", "run", "-d", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges",
          "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096", "--tmpfs", "/tmp:mode=1777"]


def podman(*arguments):
    return output_of("podman", "--runtime", "runc", *arguments)


def container(name, *arguments):
    podman(*LIMITS, "--name", name, "-v", f"{ROOT}/camera.ini:/etc/recorder/camera.ini:ro", *arguments)


def fetch(path, to, *options):
    """The HTTP status of a request through the recorder's network, which has only lo."""
    pid = podman("inspect", "-f", "{{.State.Pid}}", "recorder").strip()
    done = subprocess.run(["nsenter", "-t", pid, "-n", "curl", "-k", "-s", "-o", to, "-w", "%{http_code}", *options, "https://127.0.0.1:5000" + path],
                          capture_output=True, text=True, check=False)
    return done.stdout


def logs(name):
    done = subprocess.run(["podman", "--runtime", "runc", "logs", name], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_image_is_built():
    base, sources = os.path.join(ROOT, "base"), os.path.join(ROOT, "sources")
    os.makedirs(base)
    os.makedirs(sources)
    unpack_debian(base)
    made = output_of("buildah", "from", "scratch").strip()
    output_of("buildah", "copy", "-q", made, base, "/")
    output_of("buildah", "commit", "-q", made, "docker.io/library/debian:12")
    output_of("bash", "-c", f"git archive HEAD | tar -x -C {sources}", cwd=PROJECT)
    output_of("buildah", "build", "--isolation", "chroot", "--network", "host", "--pull-never", "-t", IMAGE,
              "--ignorefile", "deploy/container/Dockerfile.dockerignore", "-f", "deploy/container/Dockerfile", ".", cwd=sources)


def test_the_recorder_records_in_its_container():
    with open(os.path.join(ROOT, "camera.ini"), "w", encoding="utf-8") as file:
        file.write(INI)
    container("hooks", "--network=none", "-u", "recorder-hooks:recorder-hooks", "-v", "hooks:/run/recorder-hooks",
              IMAGE, "recorder-hooks", "-c", "/etc/recorder/camera.ini")
    container("recorder", "--network=none", "--ipc=shareable", "--shm-size=128m", "--group-add", "44", "--group-add", "992",
              "-v", "hooks:/run/recorder-hooks",
              "-v", "store:/store:ro", "-v", "recordings:/recordings", "-v", "clips:/clips", "-v", "tokens:/tokens", IMAGE)
    wait_for(lambda: subprocess.run(["podman", "--runtime", "runc", "exec", "recorder", "recorderd", "-S", "-c", "/etc/recorder/camera.ini"],
                                    capture_output=True, check=False).returncode == 0, 60, "it records")


def test_a_hook_is_run_in_a_container_of_its_own():
    wait_for(lambda: re.search(r'"event": ?"started"', logs("hooks")), 60, "the hook is told that the recorder started")


def test_a_clip_comes_back_through_the_other_container():
    with open(os.path.join(PROJECT, "deploy/container/compose.yaml"), encoding="utf-8") as file:
        command = re.search(r"command: \[(recorder-serve)\]", file.read()).group(1).split(", ")
    container("web", "--network=container:recorder", "--ipc=container:recorder", "--tmpfs", "/run/recorder:mode=1777",
              "-v", "recordings:/recordings:ro", "-v", "clips:/clips",
              "-v", "tokens:/tokens:ro", "-v", "access:/access", IMAGE, *command)
    time.sleep(12)  # enough footage to ask for
    clip = os.path.join(ROOT, "clip.mp4")
    login = wait_for(lambda: re.search(r"login: (\S+), password (\S+)", logs("web")), 60, "a login").groups()
    wait_for(lambda: fetch("/footage?from=-9s&to=-3s", clip, "-u", ":".join(login)) == "200", 60, "a clip")
    assert fetch("/footage?from=-9s&to=-3s", "/dev/null") == "401"
    frames = output_of("ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", clip)
    comment(f"{frames.strip()} frames")
    assert int(frames) > 20


def test_what_is_recorded_reaches_a_store_from_a_container_that_only_reads_it():
    key = os.path.join(ROOT, "store.key")
    with S3Server() as known, open(key, "w", encoding="ascii") as file:
        file.write("\n".join(known.key) + "\n")
    os.chown(key, 992, 992)
    os.chmod(key, 0o400)
    container("s3", "--network=container:recorder", "-v", f"{PROJECT}/tests/e2e/support:/support:ro", IMAGE, "python3", "-c", STORE)
    container("ship", "--network=container:recorder", "-u", "recorder-ship:recorder-footage", "-v", f"{key}:/etc/recorder/store.key:ro",
              "-v", "recordings:/recordings:ro", "-v", "clips:/clips:ro", "-v", "store:/store", IMAGE, "recorder-ship", "-c", "/etc/recorder/camera.ini")
    status = ["podman", "--runtime", "runc", "exec", "recorder", "recorderd", "-S", "-j", "-c", "/etc/recorder/camera.ini"]

    def store():
        done = subprocess.run(status, capture_output=True, text=True, check=False)
        return json.loads(done.stdout)[0]["store"] if done.stdout else {}

    wait_for(lambda: store().get("state") == "shipping" and store()["objects"] > 0, 60, "recorder-ship ships, and the recorder knows of it")
    comment(str(store()))
    podman("rm", "-f", "-t", "0", "ship", "s3")


def test_programs_that_handle_untrusted_input_are_sandboxed():
    """A container does not weaken it; only the kernel may lack something."""
    for name, area in (("recorder", "encoder"), ("web", "live"), ("web", "api")):
        lines = re.findall(rf" {area}: (sandbox.*)", logs(name))
        comment(f"{area}: {lines}")
        assert lines and not re.search("refuses|without", " ".join(lines)), logs(name)


def test_a_token_made_in_one_container_is_valid_in_the_other():
    token = podman("exec", "recorder", "recorderd", "-c", "/etc/recorder/camera.ini", "--new-token", "door", "--scope", "footage").strip()
    for secret, status in ((token, "200"), (token[:-1] + ("a" if token[-1] != "a" else "b"), "401")):
        assert fetch("/recordings", "/dev/null", "-H", "Authorization: Bearer " + secret) == status, status


def test_a_camera_that_is_plugged_in_later_is_seen_and_may_be_opened():
    """By the variant of compose.yaml for cameras that may be unplugged. A node without a driver is ENXIO; EPERM would be the container's refusal."""
    with open(os.path.join(PROJECT, "deploy/container/compose.yaml"), encoding="utf-8") as file:
        text = file.read()
    rule, volume = re.search(r"# device_cgroup_rules: \['(.+)'\]", text).group(1), re.search(r"# - (/dev:/dev:\w+)", text).group(1)
    container("replugged", "--network=none", f"--device-cgroup-rule={rule}", "-v", volume, "-u", "root", IMAGE, "sleep", "600")
    node = "/dev/video249"
    output_of("mknod", "-m", "666", node, "c", "81", "249")
    try:
        done = subprocess.run(["podman", "--runtime", "runc", "exec", "replugged", "head", "-c", "1", node], capture_output=True, text=True, check=False)
    finally:
        os.remove(node)
        podman("rm", "-f", "-t", "0", "replugged")
    assert re.search("No such device", done.stderr), done.stderr


def test_without_a_size_for_shared_memory_it_records_with_what_there_is():
    with open(os.path.join(ROOT, "large.ini"), "w", encoding="utf-8") as file:
        file.write(INI.replace("max_mb = 64", "max_mb = 1800"))
    container("small", "--network=none", "-v", f"{ROOT}/large.ini:/etc/recorder/large.ini:ro", "-v", "small:/recordings", IMAGE, "recorderd", "-c", "/etc/recorder/large.ini")
    status = ["podman", "--runtime", "runc", "exec", "small", "recorderd", "-S", "-c", "/etc/recorder/large.ini"]
    output = wait_for(lambda: (lambda done: done.returncode == 0 and done.stdout)(subprocess.run(status, capture_output=True, text=True, check=False)), 60, "it records")
    podman("rm", "-f", "-t", "0", "small")
    assert "use a larger /dev/shm" in output, output


def test_no_process_has_a_privilege():
    for name in ("recorder", "web"):
        status = podman("exec", name, "cat", "/proc/1/status")
        assert re.search(r"^CapBnd:\s0+$", status, re.M) and re.search(r"^NoNewPrivs:\s1$", status, re.M), status
        assert re.search(r"^Uid:\s990\s", status, re.M), status


def test_it_stops_cleanly():
    podman("stop", "-t", "30", "web", "recorder", "hooks")
    assert "stopped" in logs("recorder").splitlines()[-1], logs("recorder")


def main(root):
    needs("buildah", "podman", "runc", "ffprobe", "curl")

    os.environ["CONTAINERS_STORAGE_CONF"] = os.path.join(root, "storage.conf")
    with open(os.environ["CONTAINERS_STORAGE_CONF"], "w", encoding="utf-8") as file:
        file.write(f'[storage]\ndriver = "vfs"\nrunroot = "{root}/run"\ngraphroot = "{root}/graph"\n')
    return run_tests(globals())


if __name__ == "__main__":
    sys.exit(run_in_debian(main))
