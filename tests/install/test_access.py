#!/usr/bin/env python3
"""deploy/access: the login and the certificate with which others get in, as phones and browsers judge them."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from package import PROJECT, needs, output_of

from support.tap import run_tests

PHONES_ACCEPT_DAYS = 825


class Folder:
    """A folder that deploy/access fills."""

    def __enter__(self):
        needs("openssl")
        self.path = tempfile.mkdtemp(prefix="recorder-access.")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def file(self, name):
        return os.path.join(self.path, name)

    def run(self, *names):
        return subprocess.run([os.path.join(PROJECT, "deploy", "access"), self.path, *names], capture_output=True, text=True, check=False)

    def make(self, *names):
        done = self.run(*names)
        assert done.returncode == 0, done
        return done.stdout

    def contents(self):
        def read(name):
            with open(self.file(name), "rb") as file:
                return file.read()
        return {name: read(name) for name in os.listdir(self.path)}

    def verify(self, certificate, *options):
        return subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", self.file("ca.crt"), *options, self.file(certificate)],
                              capture_output=True, text=True, check=False)


def test_a_phone_that_has_the_authority_accepts_the_certificate():
    with Folder() as folder:
        said = folder.make("cam.example.org", "198.51.100.7")
        assert re.search(r"recorder, password [a-z2-9]{20} ", said), said
        for name in ("localhost", "cam.example.org"):
            done = folder.verify("tls.crt", "-verify_hostname", name)
            assert done.returncode == 0, done
        for address in ("127.0.0.1", "198.51.100.7"):
            assert folder.verify("tls.crt", "-verify_ip", address).returncode == 0, address
        assert folder.verify("tls.crt", "-verify_hostname", "other.example.org").returncode != 0
        day_s = 24 * 3600
        assert "will not expire" in output_of("openssl", "x509", "-noout", "-in", folder.file("tls.crt"), "-checkend", str(700 * day_s))
        late = subprocess.run(["openssl", "x509", "-noout", "-in", folder.file("tls.crt"), "-checkend", str(PHONES_ACCEPT_DAYS * day_s)], capture_output=True, check=False)
        assert late.returncode == 1, "phones refuse a certificate that is valid for so long"
        assert all(os.stat(folder.file(name)).st_mode & 0o077 == 0 for name in os.listdir(folder.path))


def test_whoever_steals_the_authority_can_pretend_to_be_no_other_site():
    with Folder() as folder:
        folder.make()
        for number, names in enumerate(("DNS:bank.example", "IP:203.0.113.5", "DNS:localhost,DNS:bank.example")):
            with open(folder.file("ext"), "w", encoding="ascii") as file:
                file.write(f"subjectAltName = {names}\nextendedKeyUsage = serverAuth\n")
            output_of("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", folder.file("theirs.key"), "-subj", "/O=theirs", "-out", folder.file("csr"))
            output_of("openssl", "x509", "-req", "-in", folder.file("csr"), "-CA", folder.file("ca.crt"), "-CAkey", folder.file("ca.key"), "-set_serial", str(number + 1),
                      "-days", "1", "-extfile", folder.file("ext"), "-out", folder.file("theirs.crt"))
            done = folder.verify("theirs.crt")
            assert done.returncode != 0 and "permitted subtree" in done.stdout + done.stderr, (names, done)


def test_what_is_there_stays_until_a_name_is_missing_or_the_end_is_near():
    with Folder() as folder:
        folder.make("attic.local")
        before = folder.contents()
        assert folder.make() == "" and folder.contents() == before
        said = folder.make("attic.local", "192.168.1.20")
        after = folder.contents()
        changed = {name for name in after if after[name] != before.get(name)}
        assert "IP:192.168.1.20" in said and changed == {"tls.crt", "tls.names", "names"}, (said, changed)
        with open(folder.file("ext"), "w", encoding="ascii") as file:
            file.write("basicConstraints = CA:false\n")
        output_of("openssl", "req", "-new", "-key", folder.file("tls.key"), "-subj", "/CN=localhost", "-out", folder.file("csr"))
        output_of("openssl", "x509", "-req", "-in", folder.file("csr"), "-CA", folder.file("ca.crt"), "-CAkey", folder.file("ca.key"), "-set_serial", "7", "-days", "300",
                  "-extfile", folder.file("ext"), "-out", folder.file("tls.crt"))
        assert "New certificate" in folder.make() and folder.verify("tls.crt", "-verify_ip", "192.168.1.20").returncode == 0
        assert folder.contents()["ca.crt"] == before["ca.crt"]


def test_a_name_for_which_the_authority_cannot_vouch_is_refused():
    with Folder() as folder:
        folder.make()
        for name in ("cam.example.org", "8.8.8.8", "not a name"):
            done = folder.run(name)
            assert done.returncode != 0 and name in done.stderr, done
        folder.make()


def test_somebody_s_own_certificate_is_left_alone():
    with Folder() as folder:
        for name in ("tls.crt", "tls.key"):
            with open(folder.file(name), "w", encoding="ascii") as file:
                file.write("mine")
        assert "New login" in folder.make()
        assert sorted(os.listdir(folder.path)) == ["tls.crt", "tls.key", "users"]
        os.remove(folder.file("tls.key"))
        done = folder.run()
        assert done.returncode != 0 and "only one" in done.stderr, done


if __name__ == "__main__":
    sys.exit(run_tests(globals()))
