"""An OpenStack Swift of three nodes with its S3 front (s3api), from Debian's packages, on loopback and in one folder.

    with Swift() as swift:
        swift.key               # (id, secret) of the one user, who may do everything
        swift.url               # of a bucket
        swift.kill_node(0); swift.start_node(0)

Three replicas, so two nodes have to answer. A kill is a kill -9 of the three servers of a node. The folder's file system needs extended
attributes.
"""
import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

START_S = 120
KINDS = ("object", "container", "account")
NODES = 3
PROGRAMS = ("swift-proxy-server", "swift-ring-builder", "memcached", *(f"swift-{kind}-server" for kind in KINDS), "swift-object-updater")
FILTERS = ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk", "copy", "slo", "dlo", "versioned_writes", "symlink")

SERVER = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
devices = {node}
mount_check = false
swift_dir = {etc}
user = {user}
log_level = WARNING
log_address = {none}
fallocate_reserve = 0
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
[object-updater]
interval = 1
slowdown = 0
recon_cache_path = {node}
"""

PROXY = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {etc}
user = {user}
log_level = WARNING
log_address = {none}
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
node_timeout = 5
conn_timeout = 0.5
error_suppression_interval = 5
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{cache}
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
"""


class Swift:
    key = ("test:tester", "testing")

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="recorder-swift.")
        with contextlib.ExitStack() as probes:  # all at once, so that they are different ones
            sockets = [probes.enter_context(socket.socket()) for _ in range(2 + NODES * len(KINDS))]
            for probe in sockets:
                probe.bind(("127.0.0.1", 0))
            self.proxy, self.cache, *ports = (probe.getsockname()[1] for probe in sockets)
        self.ports = {(kind, node): ports.pop() for kind in KINDS for node in range(NODES)}
        self.url = f"http://127.0.0.1:{self.proxy}/footage"
        self.running = {}

    @staticmethod
    def missing():
        """The programs that are not installed."""
        return [name for name in PROGRAMS if not shutil.which(name)]

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        with open(self.path("etc", name), "w", encoding="ascii") as file:
            file.write(text)

    def configure(self):
        shared = {"etc": self.path("etc"), "user": getpass.getuser(), "none": self.path("none")}
        for name in ("etc", "log"):
            os.mkdir(self.path(name))
        self.write("swift.conf", "[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n[storage-policy:0]\nname = three\ndefault = yes\n")
        filters = "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" + ("allow_object_versioning = true\n" if name == "versioned_writes" else "")
                          for name in FILTERS)
        self.write("proxy.conf", PROXY.format(port=self.proxy, cache=self.cache, secret=self.key[1], **shared) + filters)
        for kind in KINDS:
            builder = self.path("etc", f"{kind}.builder")
            self.run("swift-ring-builder", builder, "create", "6", str(NODES), "0")
            for node in range(NODES):
                os.makedirs(self.path(f"node{node}", "disk"), exist_ok=True)
                port = self.ports[kind, node]
                self.write(f"{kind}-{node}.conf", SERVER.format(kind=kind, port=port, node=self.path(f"node{node}"), **shared))
                self.run("swift-ring-builder", builder, "add", f"r1z{node + 1}-127.0.0.1:{port}/disk", "1")
            self.run("swift-ring-builder", builder, "rebalance")

    @staticmethod
    def run(*command):
        subprocess.run(command, check=True, capture_output=True, timeout=START_S)

    def daemon(self, name, *command):
        with open(self.path("log", name + ".out"), "ab") as output:
            self.running[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)

    def start_node(self, node):
        for kind in KINDS:
            self.daemon(f"{kind}-{node}", f"swift-{kind}-server", self.path("etc", f"{kind}-{node}.conf"))
        # Delivers to the lists of the bucket what a server that was busy or dead has missed.
        self.daemon(f"updater-{node}", "swift-object-updater", self.path("etc", f"object-{node}.conf"))

    def end(self, name):
        process = self.running.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a server's children are in its process group
        process.wait()

    def kill_node(self, node):
        for kind in (*KINDS, "updater"):
            self.end(f"{kind}-{node}")

    def answers(self, port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    def wait(self, condition):
        end = time.monotonic() + START_S
        while not condition():
            assert time.monotonic() < end, "Swift does not start"
            time.sleep(0.3)

    def nodes_up(self):
        return sum(all(self.answers(self.ports[kind, node]) for kind in KINDS) for node in range(NODES))

    def __enter__(self):
        try:
            self.configure()
            self.daemon("memcached", "memcached", "-u", getpass.getuser(), "-l", "127.0.0.1", "-p", str(self.cache), "-m", "16")
            for node in range(NODES):
                self.start_node(node)
            self.daemon("proxy", "swift-proxy-server", self.path("etc", "proxy.conf"))
            self.wait(lambda: self.nodes_up() == NODES and self.answers(self.proxy) and self.answers(self.cache))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in list(self.running):
            self.end(name)
        shutil.rmtree(self.folder, ignore_errors=True)
