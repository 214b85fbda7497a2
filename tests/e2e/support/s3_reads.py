"""The store of s3_server.py for programs that read: GET, ranges with If-Match, and lists (ListObjectsV2).

    with ReadableS3Server() as store:
        store.read_fail = "500"   # of FAILURES, "hang", "short" or "missing"; or a function of the object's name (of a list: "?" and its prefix)
        store.reads               # (name, range or None) of each GET that was answered, and ("?prefix", None) of each list
"""
import email.utils
import hashlib
import re
import time
import urllib.parse
from xml.sax.saxutils import escape

from support.s3_server import BUCKET, FAILURES, SKEW_S, Handler, Refused, S3Server, signature

PAGE = 50  # names of a page: real stores give 1,000, and a list of more pages is worth testing


class ReadingHandler(Handler):
    def check_read(self):
        """Raises Refused unless the request is signed."""
        store = self.server.store
        headers = {name.lower(): value for name, value in self.headers.items()}
        fields = dict(part.strip().split("=", 1) for part in headers.get("authorization", "= ").split(" ", 1)[-1].split(",") if "=" in part)
        key, _, scope = fields.get("Credential", "").partition("/")
        names = fields.get("SignedHeaders", "").split(";")
        date = headers.get("x-amz-date", "")
        signed = {"host", "x-amz-content-sha256", "x-amz-date"} | ({"range", "if-match"} & set(headers))
        if key != store.key[0]:
            raise Refused(403, "InvalidAccessKeyId")
        if not signed <= set(names) or names != sorted(names) or scope != f"{date[:8]}/{store.region}/s3/aws4_request":
            raise Refused(400, "AuthorizationHeaderMalformed")
        path, _, query = self.path.partition("?")
        if query.split("&") != sorted(query.split("&")):
            raise Refused(400, "InvalidQuery")
        wanted = signature(store.key[1], self.command, path, query, headers, names, headers["x-amz-content-sha256"], date, scope)
        if wanted != fields.get("Signature", ""):
            raise Refused(403, "SignatureDoesNotMatch")
        then = time.mktime(time.strptime(date, "%Y%m%dT%H%M%SZ")) - time.timezone
        if abs(then - time.time() - store.clock_s) > SKEW_S:
            raise Refused(403, "RequestTimeTooSkewed")

    def give(self, status, body, headers):
        self.send_response_only(status)
        self.send_header("Date", email.utils.formatdate(time.time() + self.server.store.clock_s, usegmt=True))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def list(self, query):
        store = self.server.store
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter")
        after = query.get("continuation-token") or query.get("start-after", "")
        with store.changed:
            names = sorted(name for name in store.objects if name.startswith(prefix))
        items, last = {}, ""
        for name in names:
            end = name.find(delimiter, len(prefix)) if delimiter else -1
            item = name[:end + 1] if end >= 0 else name
            if item > after and not (end >= 0 and after.startswith(item)):
                items.setdefault(item, end >= 0)
        shown = list(items)[:PAGE]
        text = "".join(f"<CommonPrefixes><Prefix>{escape(item)}</Prefix></CommonPrefixes>" if items[item] else
                       f"<Contents><Key>{escape(item)}</Key><ETag>&quot;{store.etag(item)}&quot;</ETag><Size>{len(store.objects[item])}</Size>"
                       "</Contents>" for item in shown)
        if len(items) > PAGE:
            last = shown[-1]
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{escape(last)}</NextContinuationToken>" if last else \
            "<IsTruncated>false</IsTruncated>"
        store.note_read("?" + prefix, None)
        self.give(200, ('<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                        f"<Name>{BUCKET}</Name>{more}{text}</ListBucketResult>").encode(), {"Content-Type": "application/xml"})

    def object(self, name, short):
        store = self.server.store
        with store.changed:
            body = store.objects.get(name)
        if body is None:
            raise Refused(404, "NoSuchKey")
        headers = {"ETag": f'"{store.etag(name)}"'}
        if self.headers.get("If-Match") not in (None, headers["ETag"], store.etag(name)):
            raise Refused(412, "PreconditionFailed")
        status, wanted = 200, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted:
            first, last = int(wanted[1]), min(int(wanted[2]), len(body) - 1)
            if first >= len(body):
                raise Refused(416, "InvalidRange")
            headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
            status, body = 206, body[first:last + 1]
        store.note_read(name, (int(wanted[1]), int(wanted[2])) if wanted else None)
        if short:
            headers["Connection"], self.close_connection = "close", True
            self.send_response_only(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:len(body) // 2])
            return
        self.give(status, body, headers)

    def do_GET(self):  # pylint: disable=invalid-name
        store = self.server.store
        path, _, text = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        name = path.removeprefix(f"/{BUCKET}/")
        asked = "?" + query.get("prefix", "") if path == f"/{BUCKET}" else name
        failure = store.read_fail(asked) if callable(store.read_fail) else store.read_fail
        if failure == "hang":
            store.note_hanging(asked)
            store.hang.wait()
            self.close_connection = True
            return
        try:
            if failure in FAILURES:
                raise Refused(*FAILURES[failure])
            if failure == "missing":
                raise Refused(404, "NoSuchKey")
            self.check_read()
            if path == f"/{BUCKET}" and query.get("list-type") == "2":
                self.list(query)
            else:
                self.object(name, failure == "short")
        except Refused as refused:
            store.refused.append((asked, refused.code))
            self.error(refused.status, refused.code)


class ReadableS3Server(S3Server):
    def __init__(self, tls=None):
        super().__init__(tls)
        self.server.RequestHandlerClass = ReadingHandler
        self.read_fail = None
        self.reads, self.hanging = [], []

    def etag(self, name):
        return hashlib.md5(self.objects[name]).hexdigest()

    def note_read(self, name, wanted):
        with self.changed:
            self.reads.append((name, wanted))
            self.changed.notify_all()

    def note_hanging(self, name):
        with self.changed:
            self.hanging.append(name)
            self.changed.notify_all()
