"""A Ceph of three disks with an S3 gateway, from Debian's packages, on loopback and in one folder.

    with Ceph() as ceph:
        ceph.user("ship")       # (id, secret)
        ceph.url                # of a bucket
        ceph.kill_disk(0); ceph.start_disk(0)

One keyring serves all, since radosgw does not start without cephx. A kill is a kill -9.
"""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

START_S = 120
PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph-authtool", "monmaptool", "ceph")
FSID = "6c1a0f0e-0000-4000-8000-000000000001"


def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Ceph:
    def __init__(self, disk_bytes=2 << 30):
        self.folder = tempfile.mkdtemp(prefix="recorder-ceph.")
        self.monitor, self.gateway = port(), port()
        self.url = f"http://127.0.0.1:{self.gateway}/footage"
        self.running = {}
        self.environment = dict(os.environ, CEPH_CONF=self.path("ceph.conf"))
        for name in ("run", "log", "mon", "osd.0", "osd.1", "osd.2"):
            os.mkdir(self.path(name))
        with open(self.path("ceph.conf"), "w", encoding="utf-8") as conf:
            conf.write("[global]\n" + "".join(f"{key} = {value}\n" for key, value in {
                "fsid": FSID, "mon_host": f"[v2:127.0.0.1:{self.monitor}]", "mon_data": self.path("mon"), "osd_data": self.path("osd.$id"),
                "keyring": self.path("keyring"), "public_network": "127.0.0.0/8", "run_dir": self.path("run"),
                "admin_socket": self.path("run", "$name.asok"), "pid_file": self.path("run", "$name.pid"), "log_file": self.path("log", "$name.log"),
                "osd_crush_chooseleaf_type": 0, "osd_pool_default_size": 3, "osd_pool_default_min_size": 2, "osd_pool_default_pg_num": 8,
                "osd_pool_default_pg_autoscale_mode": "off", "mon_max_pg_per_osd": 1000, "mon_data_avail_crit": 1, "mon_data_avail_warn": 2,
                "mon_osd_min_down_reporters": 1, "osd_heartbeat_grace": 6, "osd_heartbeat_interval": 2, "osd_memory_target": 939524096,
                "bluestore_cache_autotune": "false", "bluestore_cache_size": 33554432, "bluestore_block_size": disk_bytes,
                "bluestore_block_wal_size": 67108864, "rgw_dns_name": "localhost"}.items()))

    @staticmethod
    def missing():
        """The programs that are not installed."""
        return [name for name in PROGRAMS if not shutil.which(name)]

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def run(self, *command):
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True, timeout=START_S).stdout

    def daemon(self, name, *command):
        with open(self.path("log", name + ".out"), "ab") as output:
            self.running[name] = subprocess.Popen([*command, "-f"], env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                                  start_new_session=True)

    def start_disk(self, number):
        self.daemon(f"osd.{number}", "ceph-osd", "-i", str(number))

    def kill_disk(self, number):
        process = self.running.pop(f"osd.{number}")
        process.send_signal(signal.SIGKILL)
        process.wait()

    def disks_up(self):
        return json.loads(self.run("ceph", "--connect-timeout", "30", "osd", "stat", "-f", "json"))["num_up_osds"]

    def make(self):
        keyring = self.path("keyring")
        self.run("ceph-authtool", "-C", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        for name in ("client.admin", "client.rgw", "osd.0", "osd.1", "osd.2"):
            self.run("ceph-authtool", keyring, "--gen-key", "-n", name, "--cap", "mon", "allow *", "--cap", "osd", "allow *")
        self.run("monmaptool", "--create", "--fsid", FSID, "--addv", "a", f"[v2:127.0.0.1:{self.monitor}]", self.path("monmap"))
        self.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", self.path("monmap"), "--keyring", keyring)
        self.daemon("mon.a", "ceph-mon", "-i", "a")
        self.run("ceph", "--connect-timeout", "60", "config", "set", "mon", "auth_allow_insecure_global_id_reclaim", "false")
        for number in range(3):
            name = str(uuid.uuid4())
            self.run("ceph", "osd", "new", name, str(number))
            self.run("ceph-osd", "-i", str(number), "--mkfs", "--osd-uuid", name)
            self.run("ceph", "osd", "crush", "add", str(number), "1", "root=default", "host=here")
            self.start_disk(number)
        self.wait(lambda: self.disks_up() == 3)
        self.daemon("client.rgw", "radosgw", "-n", "client.rgw", "--rgw_frontends", f"beast endpoint=127.0.0.1:{self.gateway} tcp_nodelay=1")
        self.wait(self.answers)

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.gateway), 1):
            return True
        return False

    @staticmethod
    def wait(condition):
        end = time.monotonic() + START_S
        while not condition():
            assert time.monotonic() < end, "Ceph does not start"
            time.sleep(0.3)

    def user(self, name):
        """Makes a user; returns its key."""
        key = (name + "key", name + "secretsecretsecret")
        self.run("radosgw-admin", "user", "create", f"--uid={name}", f"--display-name={name}", f"--access-key={key[0]}", f"--secret={key[1]}")
        return key

    def __enter__(self):
        try:
            self.make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.running.values():
            process.send_signal(signal.SIGKILL)
        for process in self.running.values():
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
