"""Certificates that sign themselves, for servers of the tests' own."""
import ssl
import subprocess


def certificate(path, name, subject, days=2):
    """(SSLContext, file) of one that is NAME.pem in a folder; path: as of Rig.path()."""
    key, cert, request = (path(f"{name}.{kind}") for kind in ("key", "pem", "csr"))
    with open(path(name + ".cnf"), "w", encoding="ascii") as extensions:
        extensions.write(f"subjectAltName={subject}\n")
    subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=store", "-keyout", key, "-out", request], check=True,
                   capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-signkey", key, "-days", str(days), "-out", cert, "-extfile", extensions.name], check=True,
                   capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert
