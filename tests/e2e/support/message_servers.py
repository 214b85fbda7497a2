"""Servers to which hooks send: Exim, Mosquitto and a web server, with TLS and logins, on free ports."""
import contextlib
import email
import email.policy
import glob
import hashlib
import http.server
import os
import shutil
import ssl
import subprocess
import threading

from support.rig import free_port
from support.tap import Skipped
from support.times import PATIENCE_S, wait_for
from support.webserver import SEARCH

USER = "camera"
PASSWORD = "s\u00e9cret \"of\" \\camera;#%"

EXIM = r"""
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
pid_file_path = {folder}/pid
primary_hostname = localhost
local_interfaces = 127.0.0.1
daemon_smtp_ports = {ports[starttls]} : {ports[tls]} : {ports[none]}
tls_on_connect_ports = {ports[tls]}
tls_advertise_hosts = ${{if eq{{$received_port}}{{{ports[none]}}}{{}}{{*}}}}
tls_certificate = {pem}
tls_privatekey = {pem}
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = recipient
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =

begin acl
recipient:
  deny message = no such user
       local_parts = nobody
  accept authenticated = *
  deny message = log in first

begin routers
all:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = {folder}/mail
  create_directory
  user = {owner}

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eqi{{${{sha256:$auth3}}}}{{{digest}}}}}}}}}
  server_set_id = $auth2
"""

MOSQUITTO = """
listener {port} 127.0.0.1
certfile {folder}/cert.pem
keyfile {folder}/key.pem
password_file {folder}/users
acl_file {folder}/access
allow_anonymous false
persistence false
log_dest stderr
log_type all
"""
ACCESS = f"user {USER}\ntopic readwrite recorder/#\ntopic readwrite homeassistant/#\ntopic readwrite live/#\n" \
    "user reader\ntopic read #\n"


def need(*programs):
    for name in programs:
        if not shutil.which(name, path=SEARCH):
            raise Skipped(f"{name} is not installed")


def write(path, text):
    """The servers run as users of their own."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o644)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def make_certificate(folder):
    """cert.pem and key.pem of localhost, and both.pem with the two."""
    need("openssl")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out",
                    f"{folder}/cert.pem"], check=True, capture_output=True)
    os.chmod(f"{folder}/key.pem", 0o644)
    write(f"{folder}/both.pem", read(f"{folder}/key.pem") + read(f"{folder}/cert.pem"))


def listens(port):
    """Whether a program listens at that port of 127.0.0.1. A connection would be in its log."""
    wanted = f"0100007F:{port:04X} 00000000:0000 0A"
    return wanted in read("/proc/net/tcp")


class Process:
    """A program of a rig."""

    def __init__(self, rig, path, *arguments):
        self.rig = rig
        self.process = rig.spawn([path, *arguments], f"{os.path.basename(path)}.log", rig.environment)

    def close(self):
        self.rig.stop_process(self.process)


class Server(Process):
    """One that listens on ports of this machine."""

    def __init__(self, rig, name, *arguments, ports):
        os.chmod(rig.folder, 0o711)
        super().__init__(rig, shutil.which(name, path=SEARCH), *arguments)
        wait_for(lambda: all(map(listens, ports)), PATIENCE_S, f"{name} listens")


class MailServer(Server):
    """Debian's Exim. `ports` has one for each kind of security; that of "none" offers no TLS and no login."""

    def __init__(self, rig, owner="Debian-exim"):
        need("exim4")
        if os.geteuid() != 0:
            raise Skipped("Exim delivers e-mail only if root starts it")
        self.folder = rig.path("exim")
        self.ports = {kind: free_port() for kind in ("starttls", "tls", "none")}
        os.mkdir(self.folder)
        shutil.chown(self.folder, owner)
        digest = hashlib.sha256(PASSWORD.encode()).hexdigest()
        write(rig.path("exim.conf"), EXIM.format(folder=self.folder, ports=self.ports, pem=rig.path("both.pem"),
                                                 user=USER, digest=digest, owner=owner))
        super().__init__(rig, "exim4", "-C", rig.path("exim.conf"), "-bdf", ports=self.ports.values())

    def messages(self, recipient="me@localhost"):
        """Those that have been delivered to somebody, the oldest first."""
        found = []
        for path in sorted(glob.glob(f"{self.folder}/mail/new/*"), key=os.path.getmtime):
            with open(path, "rb") as file:
                message = email.message_from_binary_file(file, policy=email.policy.default)
            if message["To"].addresses[0].addr_spec == recipient:
                found.append(message)
        return found

    def message(self, number):
        wait_for(lambda: len(self.messages()) > number, PATIENCE_S, "the e-mail is delivered")
        return self.messages()[number]


class Broker(Server):
    """Mosquitto, with a login and over TLS only."""

    def __init__(self, rig):
        need("mosquitto", "mosquitto_sub", "mosquitto_passwd")
        self.port = free_port()
        write(rig.path("mosquitto.conf"), MOSQUITTO.format(port=self.port, folder=rig.folder))
        write(rig.path("access"), ACCESS)
        write(rig.path("users"), f"{USER}:{PASSWORD}\nreader:reader\n")
        subprocess.run(["mosquitto_passwd", "-U", rig.path("users")], check=True, capture_output=True)
        for name in ("users", "access"):  # newer ones take no file that others can read
            os.chmod(rig.path(name), 0o600)
            if os.geteuid() == 0:
                shutil.chown(rig.path(name), "mosquitto")
        super().__init__(rig, "mosquitto", "-c", rig.path("mosquitto.conf"), ports=[self.port])

    def subscription(self, *options):
        """The command that prints whether a message was retained, its topic and its payload."""
        return ["mosquitto_sub", "-h", "localhost", "-p", str(self.port), "--cafile", self.rig.path("cert.pem"),
                "-u", "reader", "-P", "reader", "-F", "%r %t %p", *options]

    def retained(self, count):
        """{topic: payload} of that many retained messages."""
        topics = ("-t", "recorder/#", "-t", "homeassistant/#")
        done = subprocess.run(self.subscription(*topics, "-C", str(count), "-W", str(PATIENCE_S)), capture_output=True,
                              text=True, check=False)
        lines = [line.split(" ", 2) for line in done.stdout.splitlines()]
        assert len(lines) == count and all(line[0] == "1" for line in lines), done
        return {topic: payload for _, topic, payload in lines}

    @contextlib.contextmanager
    def subscriber(self):
        """A function that returns (topic, payload) of what was published since then, the oldest first."""
        def received():
            lines = [line.split(" ", 2) for line in self.rig.log(name).splitlines()]
            return [(topic, payload) for retained, topic, payload in lines if retained == "0"]
        client = "subscriber" + os.urandom(4).hex()
        name = client + ".log"
        process = self.rig.spawn(self.subscription("-i", client, "-t", "#"), name, self.rig.environment)
        try:
            wait_for(lambda: f"SUBACK to {client}" in self.rig.log("mosquitto.log"), PATIENCE_S, "it subscribes")
            yield received
        finally:
            self.rig.stop_process(process)


def processes():
    """The arguments and the environments of all processes that run now."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
        with contextlib.suppress(OSError), open(path, "rb") as file:  # unless it has ended
            found.append(file.read())
    return b"\n".join(found)


class Request:
    """One that a web server got, and which processes there were while it was answered."""

    def __init__(self, handler):
        self.path, self.headers = handler.path, handler.headers
        self.body = handler.rfile.read(int(self.headers["Content-Length"]))
        self.processes = processes()

    def form(self):
        """The parts of a multipart/form-data body by their names."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = email.message_from_bytes(head + self.body).get_payload()
        return {part.get_param("name", header="Content-Disposition"): part for part in parts}


class WebServer:
    """HTTPS on localhost. It keeps each POST and answers with `status`."""

    def __init__(self, rig):
        need("curl")
        self.requests, self.status = [], 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.requests.append(Request(self))
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(rig.path("cert.pem"), rig.path("key.pem"))
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
