"""Users and TLS as in the commented parts of the examples: a bcrypt htpasswd, a self-signed certificate, and tokens."""
import base64
import os
import shutil
import ssl
import subprocess
import threading

from support import webserver
from support.camera import jpeg_number
from support.cases_sites import HOME
from support.rig import program
from support.times import US
from support.viewer import NUMBERS, Viewer

COST = "10"  # of bcrypt: about 50 ms


def basic(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


GOOD = basic("anna", "right password")


def paths(rig):
    """One path of each kind. The clip is of the first two whole seconds of the camera, which are recorded by now."""
    second = -(-rig.camera.frames()[0].wall_us // US)
    return "/stream", "/camera_info", "/recordings", f"/footage?from={second}&to={second + 2}", "/ui/", "/nowhere"


def make_files(rig):
    """Makes users, tls.crt and tls.key as the examples say; the server's user must be able to read the first."""
    subprocess.run(["htpasswd", "-bB", "-C", COST, "-c", rig.path("users"), "anna", "right password"], check=True, capture_output=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=recorder", "-keyout",
                    rig.path("tls.key"), "-out", rig.path("tls.crt")], check=True, capture_output=True)
    os.chmod(rig.path("users"), 0o640)
    if os.geteuid() == 0:
        shutil.chown(rig.path("users"), group=webserver.USER)


def test_it_starts_with_users_and_tls(rig):
    parts = ["users", "TLS"] if webserver.SERVERS[rig.server_name].has_tls() else ["users"]
    make_files(rig)
    rig.stop_web()
    if "TLS" in parts:
        rig.tls = ssl.create_default_context(cafile=rig.path("tls.crt"))
        rig.tls.check_hostname = False
    rig.start_web(parts=parts)


def test_nobody_gets_in_without_a_login(rig):
    for path in paths(rig):
        assert rig.get(path, "HEAD").status == 401, path
    for headers in (basic("anna", "wrong"), basic("nobody", "right password"), {"Authorization": "Basic"}, {"Authorization": "Basic !!!"},
                    {"Authorization": "Digest username=anna"}, {"Authorization": "Bearer"}, {"Authorization": "xBearer y"}):
        answer = rig.get("/camera_info", headers=headers)
        assert answer.status in (400, 401) and b"resolution" not in answer.body, (headers, answer.status)
    assert rig.get("/camera_info").headers["WWW-Authenticate"].lower().startswith('basic realm="recorder"')


def test_a_browser_may_ask_for_a_listed_page_without_a_login(rig):
    """A preflight sends none. That must not open anything else, nor let in the next client with the same wrong password."""
    asks = {"Origin": HOME, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    wrong = basic("anna", "a guess")
    for path in ("/stream", "/camera_info", "/nowhere"):
        for headers in (asks, dict(asks, **wrong)):
            answer = rig.get(path, "OPTIONS", headers)
            assert answer.status == 204 and answer.headers["Access-Control-Allow-Origin"] == HOME, (path, answer.status)
        assert rig.get(path, "OPTIONS", dict(asks, Origin="http://evil.example")).status == 403, path
        for method in ("GET", "POST", "DELETE"):
            for headers in (asks, dict(asks, **wrong)):
                assert rig.get(path, method, headers).status == 401, (path, method)
    for path in paths(rig):
        answer = rig.get(path, "OPTIONS")
        assert b"resolution" not in answer.body and b"recording_" not in answer.body and len(answer.body) < 1000, (path, answer.body)


def test_a_listed_page_reads_with_a_token(rig):
    made = subprocess.run([program("recorderd"), "-c", rig.ini, "--new-token", "board", "--scope", "footage"], capture_output=True,
                          text=True, check=True)
    answer = rig.get("/recordings", headers={"Origin": HOME, "Authorization": f"Bearer {made.stdout.strip()}"})
    assert answer.status == 200 and answer.headers["Access-Control-Allow-Origin"] == HOME, answer.headers.items()


def test_a_login_opens_everything(rig):
    for path in paths(rig):
        assert rig.get(path, "HEAD", GOOD).status == (404 if path == "/nowhere" else 200), path
    with Viewer(rig, headers=f"Authorization: {GOOD['Authorization']}\r\n") as viewer:
        assert viewer.status == 200 and viewer.part()[1][:2] == b"\xff\xd8"


def test_a_token_needs_no_login_and_nothing_else_counts_as_one(rig):
    made = subprocess.run([program("recorderd"), "-c", rig.ini, "--new-token", "script", "--scope", "footage"], capture_output=True,
                          text=True, check=True)
    token = made.stdout.strip()
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert rig.get("/recordings", headers={"Authorization": f"{scheme} {token}"}).status == 200, scheme
    assert rig.get("/stream", "HEAD", {"Authorization": f"Bearer {token}"}).status == 403, "a scope that it does not have"
    for wrong in ("Bearer x", "bearer " + token[:-1], "Bearer  ", f"Bearer {token}, {GOOD['Authorization']}x", f"Bearer x {token}"):
        for path in ("/recordings", "/stream", "/camera_info"):
            answer = rig.get(path, "HEAD", {"Authorization": wrong})
            assert answer.status in (400, 401), (path, wrong, answer.status)


def test_streams_do_not_stall_while_logins_are_checked(rig):
    stop = threading.Event()
    answers = []

    def log_in():
        while not stop.is_set():
            answers.append(rig.get("/camera_info", headers=GOOD).status)
    threads = [threading.Thread(target=log_in) for _ in range(2)]
    with Viewer(rig, headers=f"Authorization: {GOOD['Authorization']}\r\n") as viewer:
        for thread in threads:
            thread.start()
        try:
            numbers = [jpeg_number(NUMBERS, viewer.part()[1]) for _ in range(60)]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    steps = sorted(after - before for before, after in zip(numbers, numbers[1:]))
    assert steps[0] > 0 and steps[len(steps) // 2] <= 2, numbers
    assert answers and set(answers) == {200}, answers
