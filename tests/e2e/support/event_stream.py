"""A client of /events/live: server-sent events (WHATWG HTML, section 9.2)."""
import http.client
import json
import time

from support.times import PATIENCE_S


class EventStream:
    """Reads blocks, each as (event, data, id)."""

    def __init__(self, rig, query="", headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=PATIENCE_S)
        self.connection.sock = rig.connect(PATIENCE_S)
        self.connection.request("GET", "/events/live" + query, headers=headers or {})
        self.response = self.connection.getresponse()
        self.status, self.headers = self.response.status, self.response.headers
        self.last_id = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.response.close()
        self.connection.close()

    def block(self):
        """The fields of the next block; None at the end of the stream."""
        fields = {}
        while True:
            line = self.response.readline().decode()
            if not line:
                return None
            if line == "\n":
                break
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value
        self.last_id = fields.get("id", self.last_id)
        return fields

    def event(self, deadline=None):
        """The data of the next event, whose name is also in it. deadline: of the monotonic clock; blocks without an event come all the time."""
        deadline = deadline or time.monotonic() + PATIENCE_S
        while True:
            assert time.monotonic() < deadline, "no event was told in time"
            fields = self.block()
            assert fields is not None, "the stream has ended"
            if "data" in fields:
                data = json.loads(fields["data"])
                assert data["event"] == fields["event"], fields
                return data

    def until(self, *names):
        """The next event of one of these names, whatever comes before it."""
        deadline, others = time.monotonic() + PATIENCE_S, []
        while time.monotonic() < deadline:
            data = self.event(deadline)
            if data["event"] in names:
                return data
            others.append(data)
        raise AssertionError(f"not told within {PATIENCE_S} s: {names}, but {others}")
