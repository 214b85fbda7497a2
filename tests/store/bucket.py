"""What is in a bucket of a real store, as its owner sees it, in the form of an S3Server for ShippingRig."""
import importlib.machinery
import importlib.util
import os
import re
import sys
import tempfile
import urllib.parse

SETUP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy", "store-setup")


def load(path, name):
    """The script as a module."""
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_loader(name, importlib.machinery.SourceFileLoader(name, path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Bucket:
    def __init__(self, url, key, admin_key):
        """key: the recorder's (id, secret)."""
        self.url, self.key = url, key
        with tempfile.NamedTemporaryFile("w", encoding="ascii") as file:
            file.write("\n".join(admin_key) + "\n")
            file.flush()
            options = type("Options", (), {"url": url, "region": "us-east-1", "ca_file": None})
            self.admin = load(SETUP, "setup").Store(options, file.name)

    def names(self, prefix):
        names, start = [], ""
        while True:
            query = f"list-type=2&prefix={urllib.parse.quote(prefix, safe='')}" + (f"&start-after={urllib.parse.quote(start, safe='')}" if start else "")
            status, body = self.admin.request("GET", "", query)
            assert status == 200, body
            page = re.findall(r"<Key>([^<]+)", body.decode())
            names += page
            if "<IsTruncated>true" not in body.decode():
                return names
            start = page[-1]

    def get(self, name):
        """The bytes of an object; None if there is none of that name."""
        status, content = self.admin.request("GET", name)
        assert status in (200, 404), f"{name}: {status} {content[:300]}"
        return content if status == 200 else None

    def named(self, kind):
        """Name -> bytes of the objects of a kind. A list may still have names of objects that are gone."""
        found = {name: self.get(name) for name in self.names(f"v1/{kind}/")}
        return {name: content for name, content in found.items() if content is not None}
