"""Other people's proxies in front of the recorder, as they set them up: it is below /cam/, and they compress.

    with NginxFront(rig) as front:
        front.get("/cam/ui/")
"""
import contextlib
import http.client
import io
import os
import shutil
import socket
import subprocess

from support import webserver
from support.rig import Answer, free_port
from support.times import PATIENCE_S, wait_for
from support.viewer import Viewer


class Front:
    """A proxy that speaks HTTP/1.1. Subclasses define its program and its configuration."""

    program = config = None

    def __init__(self, rig):
        self.rig, self.port, self.process = rig, free_port(), None
        self.folder = rig.path(f"front-{self.port}")

    @classmethod
    def missing(cls):
        """Why it cannot run here, or None."""
        return None if shutil.which(cls.program, path=webserver.SEARCH) else f"{cls.program} is not installed"

    def command(self, path):
        raise NotImplementedError

    def __enter__(self):
        os.mkdir(self.folder)
        user = f"user {webserver.USER};" if os.geteuid() == 0 else ""
        path = os.path.join(self.folder, "front.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.config.format(folder=self.folder, port=self.port, recorder=self.rig.port, user=user))
        environment = dict(self.rig.environment, PATH=webserver.SEARCH, HOME=self.folder)
        self.process = self.rig.spawn(self.command(path), f"{self.program}-front.log", environment)
        wait_for(self.answers, PATIENCE_S, f"{self.program} accepts connections")
        return self

    def __exit__(self, *_):
        self.rig.stop_process(self.process)

    def answers(self):
        with contextlib.suppress(OSError):
            return self.get("/cam/health").status == 200
        return False

    def connect(self, timeout=PATIENCE_S):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def get(self, path, method="GET", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def viewer(self, path, headers=""):
        """headers: lines that end with CRLF."""
        return Viewer(self, path, version="1.1", headers=headers)


class CurlViewer(Viewer):
    """A viewer through curl, which speaks HTTP/2."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.stream = self.process.stdout
        self.status = int(self.stream.readline().split()[1])
        self.headers = self.read_headers()

    def close(self):
        self.stream.close()
        self.process.kill()
        self.process.wait()


class Http2Front(Front):
    """A proxy that speaks HTTP/2, over TLS with a certificate that it signed itself."""

    @classmethod
    def missing(cls):
        for program in ("curl", "openssl"):
            if not shutil.which(program):
                return f"{program} is not installed"
        return super().missing()

    def __enter__(self):
        key, certificate = (f"{self.rig.path('front')}.{end}" for end in ("key", "crt"))
        if not os.path.exists(certificate):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
                           capture_output=True, check=True)
            with open(certificate, encoding="ascii") as one, open(key, encoding="ascii") as other, \
                    open(f"{self.rig.path('front')}.pem", "w", encoding="ascii") as both:
                both.write(one.read() + other.read())
        return super().__enter__()

    def curl(self, path, *options):
        return ["curl", "-skN", "--http2", "--max-time", "300", "-i", *options, f"https://localhost:{self.port}{path}"]

    def get(self, path, method="GET", headers=None):
        options = [option for name, value in (headers or {}).items() for option in ("-H", f"{name}: {value}")]
        how = {"GET": [], "HEAD": ["-I"], "POST": ["-d", ""]}.get(method, ["-X", method])
        done = subprocess.run(self.curl(path, *how, *options), stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            raise OSError(f"curl: {done.returncode}")
        stream = io.BytesIO(done.stdout)
        version, status = stream.readline().split()[:2]
        assert version == b"HTTP/2", version
        return Answer(int(status), http.client.parse_headers(stream), stream.read())

    def viewer(self, path, headers=""):
        lines = [option for line in headers.split("\r\n") if line for option in ("-H", line)]
        return CurlViewer(self.curl(path, *lines))


NGINX = """
{{user}}
daemon off;
worker_processes 1;
pid "{{folder}}/nginx.pid";
error_log "{{folder}}/nginx.log";
events {{{{ worker_connections 100; }}}}
http {{{{
	access_log off;
	proxy_temp_path "{{folder}}/proxy";
	gzip on;
	gzip_proxied any;
	gzip_types text/css text/javascript application/json application/vnd.apple.mpegurl;
	server {{{{
		listen 127.0.0.1:{{port}}{listen};
		{tls}
		location /cam/ {{{{
			proxy_pass http://127.0.0.1:{{recorder}}/;
			{more}
		}}}}
	}}}}
}}}}
"""


class NginxFront(Front):
    """nginx with its defaults, and two lines for the recorder."""

    program, config = "nginx", NGINX.format(listen="", tls="", more="")

    def command(self, path):
        return ["nginx", "-c", path]


class NginxHttp2Front(Http2Front):
    """nginx as docs/webservers.md has it, with HTTP/2."""

    program = "nginx"
    config = NGINX.format(
        listen=" ssl http2", more="proxy_buffering off; proxy_http_version 1.1;",
        tls='ssl_certificate "{folder}/../front.crt"; ssl_certificate_key "{folder}/../front.key";')
    command = NginxFront.command


class CaddyFront(Http2Front):
    program = "caddy"
    config = """
{{
	admin off
	auto_https off
	storage file_system "{folder}/storage"
}}
https://localhost:{port} {{
	tls "{folder}/../front.crt" "{folder}/../front.key"
	encode gzip
	handle_path /cam/* {{
		reverse_proxy 127.0.0.1:{recorder}
	}}
}}
"""

    def command(self, path):
        return ["caddy", "run", "--adapter", "caddyfile", "--config", path]


class HaproxyFront(Http2Front):
    """It compresses what it is not told to leave alone."""

    program = "haproxy"
    config = """
global
	maxconn 200
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 300s
	compression algo gzip
frontend front
	bind 127.0.0.1:{port} ssl crt "{folder}/../front.pem" alpn h2,http/1.1
	http-request set-path %[path,regsub(^/cam/,/)] if {{ path_beg /cam/ }}
	option forwardfor
	default_backend recorder
backend recorder
	server one 127.0.0.1:{recorder}
"""

    def command(self, path):
        return ["haproxy", "-db", "-f", path]
