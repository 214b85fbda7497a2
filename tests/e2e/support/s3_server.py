"""A small S3-compatible store of the tests' own, which checks what it is sent and fails on demand.

    with S3Server() as store:
        store.key                 # (id, secret); store.url is for recorder.ini
        store.objects             # name -> bytes
        store.fail = "500"        # see FAILURES; or a function of the object's name, which returns one of them or None

It verifies signatures (AWS Signature Version 4), Content-MD5 and the signed SHA-256, and refuses anything but PUT and what uploads in
parts need. Its code is no part of the recorder's, so that a mistake in one is not in the other.
"""
import base64
import contextlib
import email.utils
import hashlib
import hmac
import http.server
import re
import socket
import ssl
import threading
import time
import urllib.parse

BUCKET = "footage"
SKEW_S = 15 * 60
PART_BYTES_MIN = 5 << 20  # of all parts but the last

# Name -> (status, code) of the answer, sent after the body has been read.
FAILURES = {
    "500": (500, "InternalError"), "503": (503, "SlowDown"), "301": (301, "PermanentRedirect"), "quota": (403, "QuotaExceeded"),
    "denied": (403, "AccessDenied"), "no-bucket": (404, "NoSuchBucket"), "digest": (400, "BadDigest"), "inside": (200, "InternalError"),
}
# And these: "wrong" (a byte is damaged on the way), "hang" (neither reads nor answers), "mute" (stores, and never answers), "half" (closes in the middle), "lost" (stores, and
# closes without an answer), "early" (refuses before it has read the body).


def signature(secret, method, path, query, headers, names, payload, date, scope):
    """The signature of a request, by the steps of Amazon's documentation."""
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    canonical = "\n".join([method, path, query, lines, ";".join(names), payload])
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


class Refused(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", etag=None):
        self.send_response_only(status)
        self.send_header("Date", email.utils.formatdate(time.time() + self.server.store.clock_s, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", etag)
        if status in (301, 307):
            self.send_header("Location", self.server.store.elsewhere)
        self.end_headers()
        self.wfile.write(body)

    def error(self, status, code):
        self.answer(status, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>as asked</Message></Error>".encode())

    def check(self, body):
        """Raises Refused unless the request is signed and its body is what the sender meant."""
        store = self.server.store
        headers = {name.lower(): value for name, value in self.headers.items()}
        fields = dict(part.strip().split("=", 1) for part in headers.get("authorization", "= ").split(" ", 1)[-1].split(",") if "=" in part)
        key, _, scope = fields.get("Credential", "").partition("/")
        names = fields.get("SignedHeaders", "").split(";")
        date = headers.get("x-amz-date", "")
        if key != store.key[0]:
            raise Refused(403, "InvalidAccessKeyId")
        if not {"host", "content-md5", "x-amz-content-sha256", "x-amz-date"} <= set(names) or names != sorted(names) or \
                any(name not in headers for name in names) or scope != f"{date[:8]}/{store.region}/s3/aws4_request":
            raise Refused(400, "AuthorizationHeaderMalformed")
        path, _, query = self.path.partition("?")
        wanted = signature(store.key[1], self.command, path, query, headers, names, headers["x-amz-content-sha256"], date, scope)
        if not hmac.compare_digest(wanted, fields.get("Signature", "")):
            raise Refused(403, "SignatureDoesNotMatch")
        if store.token and headers.get("x-amz-security-token") != store.token:
            raise Refused(403, "InvalidToken")
        then = time.mktime(time.strptime(date, "%Y%m%dT%H%M%SZ")) - time.timezone
        if abs(then - time.time() - store.clock_s) > SKEW_S:
            raise Refused(403, "RequestTimeTooSkewed")
        if hashlib.sha256(body).hexdigest() != headers["x-amz-content-sha256"]:
            raise Refused(400, "XAmzContentSHA256Mismatch")
        if base64.b64encode(hashlib.md5(body).digest()).decode() != headers["content-md5"]:
            raise Refused(400, "BadDigest")

    def read_body(self):
        length, parts = int(self.headers.get("Content-Length", -1)), []
        if length < 0:
            raise Refused(411, "MissingContentLength")
        while length > 0:
            part = self.rfile.read(min(length, 65536))
            if not part:
                raise ConnectionError
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def do_PUT(self):  # pylint: disable=invalid-name
        store = self.server.store
        name, _, query = self.path.removeprefix(f"/{BUCKET}/").partition("?")
        what = name + (f"?{query}" if query else "")
        failure = store.fail(what) if callable(store.fail) else store.fail
        store.count(what, failure)
        self.close_connection = failure is not None
        if failure == "hang":
            store.hang.wait()
            return
        if failure == "half":
            self.rfile.read(int(self.headers["Content-Length"]) // 2)
            return
        if failure == "early":
            self.error(403, "AccessDenied")
            return
        begun = time.monotonic()
        body = self.read_body()
        store.took_s[name] = time.monotonic() - begun
        if failure in FAILURES:
            self.error(*FAILURES[failure])
            return
        if failure == "wrong":
            body = bytes([body[0] ^ 1]) + body[1:]
        try:
            self.check(body)
            etag, document = self.take(name, dict(urllib.parse.parse_qsl(query, keep_blank_values=True)), body)
        except Refused as refused:
            store.refused.append((what, refused.code))
            self.error(refused.status, refused.code)
            return
        if failure == "mute":
            store.hang.wait()
        elif failure != "lost":
            self.answer(200, document, etag)

    do_POST = do_PUT  # pylint: disable=invalid-name

    def take(self, name, query, body):
        """Does what was asked for. Returns (ETag, body of the answer)."""
        store = self.server.store
        if self.command == "POST":
            if "uploads" in query:
                return None, f"<InitiateMultipartUploadResult><UploadId>{store.begin_upload(name)}</UploadId></InitiateMultipartUploadResult>".encode()
            store.keep(name, store.end_upload(query.get("uploadId"), name, body.decode()))
            return None, b"<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"
        if "uploadId" in query:
            store.keep_part(query["uploadId"], name, int(query["partNumber"]), body)
        else:
            store.keep(name, body)
        return f'"{hashlib.md5(body).hexdigest()}"', b""

    def do_GET(self):  # pylint: disable=invalid-name
        self.server.store.others.append(self.command + " " + self.path)
        self.error(403, "AccessDenied")

    do_HEAD = do_DELETE = do_GET  # pylint: disable=invalid-name

    def handle(self):
        with contextlib.suppress(OSError, ssl.SSLError):
            super().handle()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_):
        pass


class S3Server:
    def __init__(self, tls=None):
        """tls: an ssl.SSLContext."""
        self.key, self.token, self.region = ("ship:recorder", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), None, "us-east-1"
        self.objects, self.versions = {}, {}  # name -> bytes; name -> how many times it was put
        self.order = []    # the names, as they came
        self.uploads = {}  # UploadId -> (name, {number: bytes}) of the uploads in parts that are not complete
        self.took_s = {}   # name -> how long its body took to arrive, the last time
        self.refused, self.others, self.failed = [], [], []
        self.requests = 0
        self.fail = None
        self.kept = None   # a function that is called with the name and the bytes of each object that is put
        self.clock_s = 0   # how far this server's clock is ahead
        self.elsewhere = "http://127.0.0.1:1/"
        self.hang = threading.Event()  # set: what hangs ends
        self.changed = threading.Condition()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.store = self
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/{BUCKET}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.hang.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def count(self, name, failure):
        with self.changed:
            self.requests += 1
            if failure:
                self.failed.append((name, failure))
            self.changed.notify_all()

    def keep(self, name, body):
        with self.changed:
            if self.kept:
                self.kept(name, body)
            self.objects[name] = body
            self.versions[name] = self.versions.get(name, 0) + 1
            self.order.append(name)
            self.changed.notify_all()

    def begin_upload(self, name):
        with self.changed:
            identifier = f"2~{len(self.uploads)}/{self.requests}+a="
            self.uploads[identifier] = (name, {})
            return identifier

    def upload(self, identifier, name):
        if self.uploads.get(identifier, ("",))[0] != name:
            raise Refused(404, "NoSuchUpload")
        return self.uploads[identifier][1]

    def keep_part(self, identifier, name, number, body):
        with self.changed:
            self.upload(identifier, name)[number] = body

    def end_upload(self, identifier, name, document):
        """The whole, as the document that completes the upload puts it together."""
        with self.changed:
            parts = self.upload(identifier, name)
            named = re.findall(r'<Part><PartNumber>(\d+)</PartNumber><ETag>"([0-9a-f]+)"</ETag></Part>', document)
            wanted = [(number, hashlib.md5(parts[number]).hexdigest()) for number in sorted(parts)]
            if [(int(number), etag) for number, etag in named] != wanted:
                raise Refused(400, "InvalidPart")
            if any(len(parts[number]) < PART_BYTES_MIN for number in sorted(parts)[:-1]):
                raise Refused(400, "EntityTooSmall")
            del self.uploads[identifier]
            return b"".join(parts[number] for number in sorted(parts))

    def end_hanging(self):
        """What hangs ends, and the next one that hangs waits again."""
        self.hang.set()
        self.hang = threading.Event()

    def named(self, kind):
        """Name -> bytes of the objects of a kind: live, segments, days, clips."""
        with self.changed:
            return {name: body for name, body in self.objects.items() if name.startswith(f"v1/{kind}/")}


def nobody_listens():
    """A URL where no store is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/{BUCKET}"
