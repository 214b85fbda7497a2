#!/usr/bin/env python3
"""The Debian package on a freshly made Debian: installed with apt alone, the commands of its services run as its units say,
asked by way of each web server, upgraded, removed, purged. `make test-package`; as root, some minutes, once 300 MB of downloads.
It is a Debian 12 with the package that is built here, or one of $FRESH_SUITE with the package at $FRESH_PACKAGE.

Everything is in a folder that is gone afterwards, in namespaces of mounts and processes, and without a network once it is
installed. $BUILD/fresh keeps the bare Debian, and the logs.
"""
import ctypes
import fcntl
import glob
import http.client
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

import package
from package import PLACE, QUIET, comment, needs, run_in_debian, output_of, unpack_debian

from support.s3_server import S3Server
from support.tap import run_tests
from support.times import wait_for

ROOT = os.environ.get("FRESH_ROOT", "")
CLONE_NEWNET = 0x40000000

processes = {}
stores = []  # one that recorder-ship can reach, once there is a network of our own


def inside(*path):
    return os.path.join(ROOT, *path)


def chroot(*command, user=None):
    switch = [f"--userspec={user}:{user}"] if user else []
    return output_of("chroot", *switch, ROOT, *command, env=QUIET)


def setting(unit, key):
    """The last value of a key in a unit of the package."""
    with open(inside("lib/systemd/system", unit), encoding="utf-8") as file:
        return re.findall(rf"^{key}=(.*)$", file.read(), re.M)[-1]


def start(name, unit, stdin=subprocess.DEVNULL, groups="", **environment):
    """Starts a unit's ExecStart as its User."""
    command = setting(unit, "ExecStart").replace("%i", "camera").split()
    user = setting(unit, "User")
    with open(os.path.join(PLACE, name + ".log"), "ab") as log:
        processes[name] = subprocess.Popen(["chroot", f"--userspec={user}:{setting(unit, 'Group')}", f"--groups={groups}", ROOT, *command],
                                           stdin=stdin, stdout=log, stderr=log, env=dict(QUIET, **environment))


def stop(name):
    process = processes.pop(name, None)
    if process:
        process.terminate()
        process.wait(30)


def get(path, seconds=90, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", 5000, timeout=seconds)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def answers():
    try:
        return get("/health")[0] == 200
    except OSError:
        return False


def assert_clip():
    """A clip of six seconds arrives, and a player finds its frames."""
    wait_for(answers, 60, "/health is good")
    status, clip = get("/footage?from=-8s&to=-2s")
    assert status == 200, clip
    with open(inside("tmp/clip.mp4"), "wb") as file:
        file.write(clip)
    probe = json.loads(chroot("ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", "/tmp/clip.mp4"))
    comment(f"{len(clip)} bytes, {probe['streams'][0]['nb_read_frames']} frames")
    assert int(probe["streams"][0]["nb_read_frames"]) > 20
    status, page = get("/ui/")
    assert status == 200 and b"<html" in page


def test_it_installs_with_apt_alone():
    made = os.environ.get("FRESH_PACKAGE") or package.build()
    unpack_debian(ROOT, os.environ.get("FRESH_SUITE", "bookworm"))
    output_of("mount", "-t", "proc", "proc", inside("proc"))
    output_of("mount", "-t", "tmpfs", "-o", "size=256m,mode=1777", "tmpfs", inside("dev/shm"))
    shutil.copy(made, inside("root/recorder.deb"))
    chroot("apt-get", "-q", "-y", "--no-install-recommends", "install", "/root/recorder.deb")


def test_it_makes_its_user_and_its_folders():
    assert "(video)" in chroot("id", "recorder")
    assert chroot("stat", "-c", "%U %a", "/var/lib/recorder").split() == ["recorder", "750"]
    assert chroot("ls", "/etc/recorder").split() == ["camera.ini", "lighttpd.conf"]


def test_its_configuration_is_good():
    assert "is valid" in chroot("recorderd", "-t", user="recorder")


def test_each_unit_is_sandboxed_as_installed():
    for unit in package.UNITS:
        output = output_of("systemd-analyze", "security", "--offline=true", f"--root={ROOT}", "--threshold=100",
                           unit.replace("@", "@camera") + ".service").splitlines()[-1]
        comment(output)
        assert float(output.split(":")[1].split()[0]) <= 2.0


def test_other_web_servers_can_be_installed_beside_it():
    chroot("apt-get", "-q", "-y", "--no-install-recommends", "install", "apache2", "nginx")
    cut_off()


def cut_off():
    """From here on, a network of our own with only lo."""
    assert ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    with socket.socket() as probe:
        fcntl.ioctl(probe, 0x8914, struct.pack("16sH14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def replace_line(line, instead):
    """Replaces a line of the configuration."""
    with open(inside("etc/recorder/camera.ini"), encoding="utf-8") as file:
        text = file.read()
    assert f"\n{line}\n" in text, text
    with open(inside("etc/recorder/camera.ini"), "w", encoding="utf-8") as file:
        file.write(text.replace(f"\n{line}\n", f"\n{instead}\n"))


def make_small():
    """A small test picture, for which there is space everywhere."""
    ini = inside("etc/recorder/camera.ini")
    with open(ini, encoding="utf-8") as file:
        text = file.read()
    for key, value in (("device", "test"), ("width", "320"), ("height", "180"), ("fps", "10"), ("min_free_gb", "0")):
        text = re.sub(rf"^{key} = .*", f"{key} = {value}", text, flags=re.M)
    with open(ini, "w", encoding="utf-8") as file:
        file.write(text + "[memory]\nmax_mb = 64\n")
    for folder in ("recordings", "clips"):  # StateDirectory=
        chroot("install", "-d", "-o", "recorder", "-g", "recorder", "-m", "750", f"/var/lib/recorder/{folder}")


def test_the_recorder_runs_and_notifies_its_service_manager():
    make_small()
    stores.append(S3Server().__enter__())
    replace_line("url =", f"url = {stores[0].url}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(inside("run/notify"))
        os.chmod(inside("run/notify"), 0o777)
        manager.settimeout(60)
        start("recorderd", "recorderd@.service", groups="video,recorder-footage", NOTIFY_SOCKET="/run/notify", WATCHDOG_USEC="3000000")
        heard = ""
        while not all(word in heard for word in ("READY=1", "STATUS=", "WATCHDOG=1")):
            heard += manager.recv(4096).decode() + "\n"
    comment(heard)
    assert heard.index("READY=1") < heard.index("WATCHDOG=1")


def start_workers():
    """As their sockets' units start them."""
    os.makedirs(inside("run/recorder"), exist_ok=True)
    for worker in ("live", "api"):
        path = inside(f"run/recorder/{worker}.sock")
        if os.path.exists(path):
            os.remove(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(path)
            listener.listen(4096)
            output_of("chroot", ROOT, "chown", f"recorder:{setting(f'recorder-{worker}.socket', 'SocketGroup')}", f"/run/recorder/{worker}.sock")
            os.chmod(path, int(setting(f"recorder-{worker}.socket", "SocketMode"), 8))
            name, value = setting(f"recorder-{worker}.service", "Environment").split("=")
            start(worker, f"recorder-{worker}.service", stdin=listener.fileno(), **{name: value})


def test_the_workers_run_with_inherited_sockets():
    start_workers()


def test_a_clip_comes_back_through_lighttpd():
    start("web", "recorder-web.service")
    time.sleep(10)  # enough footage to ask for
    assert_clip()


def test_a_token_that_root_makes_is_valid_at_once():
    for name in ("door", "gate"):  # creates the file, then replaces it
        token = chroot("recorderd", "-c", "/etc/recorder/camera.ini", "--new-token", name, "--scope", "footage").strip()
        assert chroot("stat", "-c", "%U %G %a", "/etc/recorder/tokens").split() == ["root", "recorder", "640"]
        assert get("/recordings", Authorization=f"Bearer {token}")[0] == 200
        assert get("/recordings", Authorization=f"Bearer {token[:-4]}aaaa")[0] == 401
    stop("web")


def foreground(name, *command):
    with open(os.path.join(PLACE, name + ".log"), "ab") as log:
        processes[name] = subprocess.Popen(["chroot", ROOT, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=QUIET)


def test_a_clip_comes_back_through_apache():
    shutil.copy(inside("usr/share/recorder/apache.conf.example"), inside("etc/apache2/sites-available/recorder.conf"))
    with open(inside("usr/share/recorder/apache.conf.example"), encoding="utf-8") as file:
        modules = re.search(r"a2enmod ([a-z_ ]+)", file.read()).group(1).split()
    chroot("a2dismod", "-f", "mpm_prefork", "mpm_worker")
    chroot("a2enmod", *modules)
    chroot("a2ensite", "recorder")
    foreground("apache", "apachectl", "-D", "FOREGROUND")
    assert_clip()
    stop("apache")


def test_a_clip_comes_back_through_nginx():
    shutil.copy(inside("usr/share/recorder/nginx.conf.example"), inside("etc/nginx/conf.d/recorder.conf"))
    foreground("nginx", "nginx", "-g", "daemon off;")
    assert_clip()


def test_what_is_recorded_reaches_a_store_through_the_group_of_footage_alone():
    with open(inside("root/store.key"), "w", encoding="ascii") as key:
        key.write("\n".join(stores[0].key) + "\n")
    chroot("install", "-o", "recorder-ship", "-m", "400", "/root/store.key", "/etc/recorder/camera.key")
    chroot("install", "-d", "-o", "recorder-ship", "-g", "recorder-footage", "-m", "750", "/var/lib/recorder-ship/camera")  # StateDirectory=
    start("ship", "recorder-ship@.service")
    wait_for(lambda: stores[0].named("live"), 60, "pieces are in the store")
    wait_for(lambda: b'"state":"shipping"' in get("/camera_info")[1], 60, "the recorder reads what recorder-ship notes")
    for path in ("/dev/shm/recorder.camera", "/run/recorder/api.sock", "/etc/recorder/tokens"):
        chroot("stat", path)
    for what in (("head", "-c", "1", "/dev/shm/recorder.camera"), ("head", "-c", "1", "/etc/recorder/tokens"), ("ls", "/var/lib/recorder"),
                 ("touch", "/var/lib/recorder/recordings/camera/x"), ("test", "-w", "/run/recorder/api.sock")):
        done = subprocess.run(["chroot", "--userspec=recorder-ship:recorder-footage", "--groups=", ROOT, *what], capture_output=True, check=False)
        assert done.returncode != 0, what
    stop("ship")


def test_its_state_comes_in_words_and_as_json():
    output = chroot("recorderd", "-S", user="recorder")
    assert ": recording\n" in output and "test picture" in output, output
    assert json.loads(chroot("recorderd", "--status", "--json", user="recorder"))[0]["status"] == "warning"


def test_one_sighup_reaches_recorder_and_workers():
    with open(inside("etc/recorder/camera.ini"), "a", encoding="utf-8") as file:
        file.write("[http]\nallow_control = yes\n[log]\nlevel = debug\n")
    processes["recorderd"].send_signal(1)
    wait_for(lambda: b'"allow_control":true' in get("/health")[1], 30, "the workers follow")


def stop_all():
    for name in ("nginx", "live", "api", "recorderd"):
        stop(name)


def recordings():
    return sorted(os.path.basename(path) for path in glob.glob(inside("var/lib/recorder/recordings/camera/*.mp4")))


def test_an_upgrade_keeps_recordings_and_configuration():
    stop_all()
    before = recordings()
    assert before
    with open(inside("etc/recorder/camera.ini"), encoding="utf-8") as file:
        settings = file.read()
    newer = inside("root/newer")
    output_of("dpkg-deb", "-R", inside("root/recorder.deb"), newer)
    with open(newer + "/DEBIAN/control", encoding="utf-8") as file:
        control = re.sub(r"^Version: (.*)$", r"Version: \1.1", file.read(), flags=re.M)
    with open(newer + "/DEBIAN/control", "w", encoding="utf-8") as file:
        file.write(control)
    output_of("dpkg-deb", "--root-owner-group", "-b", newer, newer + ".deb")
    chroot("dpkg", "-i", "/root/newer.deb")
    assert recordings() == before
    with open(inside("etc/recorder/camera.ini"), encoding="utf-8") as file:
        assert file.read() == settings


def test_removing_keeps_recordings_and_configuration():
    before = recordings()
    chroot("dpkg", "-r", "recorder")
    assert recordings() == before and os.path.exists(inside("etc/recorder/camera.ini"))
    assert not os.path.exists(inside("usr/bin/recorderd"))


def test_purging_keeps_recordings_and_says_so():
    before = recordings()
    output = chroot("dpkg", "-P", "recorder")
    assert "recordings in /var/lib/recorder stay" in output, output
    assert recordings() == before and not os.path.exists(inside("etc/recorder"))


def test_purging_without_recordings_leaves_nothing():
    chroot("dpkg", "-i", "/root/recorder.deb")
    shutil.rmtree(inside("var/lib/recorder/recordings"))
    chroot("dpkg", "-P", "recorder")
    assert not os.path.exists(inside("var/lib/recorder"))


def test_an_upgrade_from_the_last_release_goes_on_with_its_recordings_and_configuration():
    shutil.copy(package.release(), inside("root/release.deb"))
    chroot("dpkg", "-i", "/root/release.deb")
    make_small()
    start("recorderd", "recorderd@.service", groups="video")
    wait_for(lambda: recordings() and os.path.getsize(inside("var/lib/recorder/recordings/camera", recordings()[0])) > 20000, 60, "it records")
    from_s = int(time.time())
    time.sleep(5)
    stop("recorderd")
    old = recordings()
    with open(inside("etc/recorder/camera.ini"), encoding="utf-8") as file:
        settings = file.read()
    chroot("dpkg", "--force-confold", "-i", "/root/recorder.deb")
    with open(inside("etc/recorder/camera.ini"), encoding="utf-8") as file:
        assert file.read() == settings
    start("recorderd", "recorderd@.service", groups="video,recorder-footage")
    start_workers()
    start("web", "recorder-web.service")
    wait_for(answers, 60, "/health is good")
    wait_for(lambda: len(recordings()) > len(old), 60, "it records")
    status, clip = get(f"/footage?from={from_s}&to={from_s + 3}")
    assert status == 200 and len(clip) > 1000, clip[:300]
    assert set(old) < set(recordings())
    for name in ("web", "live", "api", "recorderd"):
        stop(name)


def main(_root):
    try:
        needs("systemd-analyze")
        return run_tests(globals())
    finally:
        for name in list(processes):
            stop(name)
        subprocess.run(["umount", inside("proc"), inside("dev/shm")], check=False)


if __name__ == "__main__":
    sys.exit(run_in_debian(main))
