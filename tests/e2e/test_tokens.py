#!/usr/bin/env python3
"""Tokens for scripts, through lighttpd as curl sends them: what each scope allows, and what invalid tokens get."""
import os
import subprocess
import time

from support.rig import Rig, program
from support.several import Several
from support.tap import main
from support.times import wait_for

GET, POST, PATCH, DELETE = "GET", "POST", "PATCH", "DELETE"
OF_SCOPE = {
    "live": [(GET, "/stream?fps=1"), (GET, "/"), (GET, "/live.mp4?frames=key"), (GET, "/events/live"),
             (GET, "/snapshot"), (GET, "/snapshot?width=64")],
    "footage": [(GET, "/recordings"), (GET, "/footage?from=-5s&to=-2s"), (GET, "/timeline?from=-5s&to=now"),
                (GET, "/playlist.m3u8?from=-5s&to=now"), (GET, "/snapshot?at=-2s"), (GET, "/clips")],
    "control": [(POST, "/control?recording=on"), (POST, "/clips?from=-5s&to=-2s&name=token"), (PATCH, "/clips/nobody.mp4?label=x")],
    "delete": [(DELETE, "/clips/nobody.mp4")],
}
OF_ANY = [(GET, "/health"), (GET, "/metrics"), (GET, "/camera_info")]


def tokens(rig, *arguments):
    return subprocess.run([program("recorderd"), "-c", rig.ini, *arguments], capture_output=True, text=True, check=False)


def new_token(rig, name, scope, *more):
    made = tokens(rig, "--new-token", name, "--scope", scope, *more)
    assert made.returncode == 0, made.stderr
    assert made.stdout.count("\n") == 1 and made.stdout.strip() not in made.stderr
    return made.stdout.strip()


def status(rig, method, path, authorization, *headers):
    """The status of the answer as curl sees it; a stream is cut off after its headers."""
    sent = [part for header in (f"Authorization: {authorization}", *headers) for part in ("-H", header)]
    done = subprocess.run(["curl", "-s", "-o", os.devnull, "-w", "%{http_code}", "-m", "60", "-X", method, *sent,
                           *(["-I"] if "stream" in path or "live" in path or path == "/" else []), *(["-d", ""] if method == POST else []),
                           f"http://127.0.0.1:{rig.port}{path}"], capture_output=True, text=True, check=False)
    return int(done.stdout)


def ask(rig, authorization, path="/health", method=GET, **headers):
    return rig.get(path, method, dict(headers, Authorization=authorization))


def refused(answer, wanted, challenge, *words):
    assert answer.status == wanted, (answer.status, answer.body)
    assert challenge in answer.headers.get("WWW-Authenticate", ""), answer.headers.items()
    for word in words:
        assert word in answer.detail, answer.detail


def test_without_a_token_all_is_as_before(rig):
    assert rig.get("/health").status == 200
    assert ask(rig, "Basic dXNlcjpwYXNz").status == 200, "a login at the web server does not concern the recorder"


def test_without_a_token_file_no_token_is_valid(rig):
    refused(ask(rig, "Bearer scr_" + "0" * 64), 401, "invalid_token", "Unknown token")


def test_each_scope_opens_its_own_paths_and_no_others(rig):
    wait_for(lambda: rig.get("/footage?from=-5s&to=-2s").status == 200, 60, "some seconds are recorded")
    made = {scope: new_token(rig, f"only-{scope}", scope) for scope in OF_SCOPE}
    for own, token in made.items():
        for method, path in OF_ANY:
            assert status(rig, method, path, f"Bearer {token}") == 200, (own, path)
        for scope, requests in OF_SCOPE.items():
            for method, path in requests:
                got = status(rig, method, path, f"bearer {token}")
                good = got in (200, 201, 404, 409) if scope == own else got == 403
                assert good, (own, method, path, got)


def test_a_refusal_names_the_missing_scope(rig):
    answer = ask(rig, f"Bearer {new_token(rig, 'viewer', 'live')}", "/recordings")
    refused(answer, 403, 'error="insufficient_scope", scope="footage"', "footage")


def test_a_token_may_change_settings_but_not_for_another_site(rig):
    token = "Bearer " + new_token(rig, "switch", "control")
    refused(rig.get("/control?recording=on", POST), 403, "", "allow_control")
    assert ask(rig, token, "/control?recording=on", POST).status == 200
    for headers in ({"Origin": "http://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                    {"Sec-Fetch-Site": "same-site"}):
        refused(ask(rig, token, "/control?recording=off", POST, **headers), 403, "", "another site")


def test_malformed_tokens_are_refused(rig):
    token = new_token(rig, "whole", "live,footage,control,delete")
    for wrong in ("Bearer", "Bearer ", f"Bearer {token[:-1]}", f"Bearer {token}0", f"Bearer {token.upper()}",
                  f"Bearer {token},{token}", f"Bearer {token} x", f"Bearer\t{token}", f"Bearer {token[4:]}", f"Token {token}",
                  token, f"Bearer {token}, Basic dXNlcjpwYXNz", f"Bearer \"{token}\"", "Bearer " + "a" * 7000,
                  f"Negotiate {token}", "Bearer scr_" + "%61" * 64, f"Bearer {token}%00", f"Bearer:{token}"):
        answer = ask(rig, wrong)
        assert answer.status == 401 and "Bearer" in answer.headers["WWW-Authenticate"], (wrong[:80], answer.status)
        answer = ask(rig, wrong, "/stream")
        assert answer.status == 401, (wrong[:80], answer.status)


def test_a_header_that_is_too_long_is_refused_by_the_server(rig):
    assert ask(rig, "Bearer " + "a" * 70000).status in (400, 413, 431)


def test_names_that_differ_in_a_letter_are_other_headers(rig):
    token = new_token(rig, "smuggler", "live")
    sent = {"X-Authorization": f"Bearer {token}", "Proxy-Authorization": f"Bearer {token}", "Remote-User": "root",
            "Recorder-Token-Needed": ""}
    assert rig.get("/control?recording=off", POST, sent).status == 403
    wrong = dict(sent, Authorization="Bearer scr_" + "0" * 64)
    assert rig.get("/recordings", headers=wrong).status == 401, "Remote-User: is not REMOTE_USER"


def test_two_authorization_headers_are_refused(rig):
    token = new_token(rig, "twice", "live,footage")
    for first, second in ((f"Bearer {token}", "Bearer scr_" + "0" * 64), ("Bearer x", f"Bearer {token}"),
                          (f"Bearer {token}", "Basic dXNlcjpwYXNz")):
        got = status(rig, GET, "/recordings", first, f"Authorization: {second}")
        assert got in (400, 401), (first[:12], second[:12], got)


def test_a_token_in_the_query_is_refused(rig):
    token = new_token(rig, "address", "live,footage")
    for name in ("access_token", "token", "%74oken"):
        refused(rig.get(f"/recordings?{name}={token}"), 400, "", "Authorization: Bearer")
        assert rig.get(f"/stream?{name}={token}").status == 400
    for name in ("token", "access_token", "Authorization"):
        cookie = rig.get("/recordings", headers={"Cookie": f"{name}={token}", "Authorization": "Bearer x"})
        assert cookie.status == 401


def test_an_expired_token_is_refused(rig):
    token = new_token(rig, "old", "live", "--days", "1")
    path = rig.path("tokens")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    day = time.strftime("%Y-%m-%dT", time.gmtime(time.time() + 86400))
    assert f" live {day}" in text, text
    with open(path, "w", encoding="utf-8") as file:  # in place, so the file is the same and its time changes
        file.write(text.replace(f" live {day}", " live 2020-01-01T"))
    refused(ask(rig, f"Bearer {token}"), 401, "invalid_token", "expired")
    assert "expired" in tokens(rig, "--list-tokens").stdout


def test_a_removed_token_is_refused_at_once(rig):
    token = new_token(rig, "gone", "live")
    assert ask(rig, f"Bearer {token}").status == 200
    assert tokens(rig, "--remove-token", "gone").returncode == 0
    for _ in range(8):  # so that each worker is asked
        refused(ask(rig, f"Bearer {token}"), 401, "invalid_token", "Unknown token")
    refused(ask(rig, f"Bearer {token}", "/stream"), 401, "invalid_token")


def test_a_token_file_that_others_may_write_is_refused(rig):
    token = new_token(rig, "mode", "live")
    os.chmod(rig.path("tokens"), 0o666)
    try:
        refused(ask(rig, f"Bearer {token}"), 503, "", "log")
        assert ask(rig, f"Bearer {token}", "/stream").status == 503
        assert rig.get("/health").status == 200
    finally:
        os.chmod(rig.path("tokens"), 0o640)
    assert ask(rig, f"Bearer {token}").status == 200
    wait_for(lambda: "expected 0640" in rig.log("lighttpd.log"), 60, "the log says why")


def test_a_broken_token_file_is_refused(rig):
    token = new_token(rig, "broken", "live")
    with open(rig.path("tokens"), "a", encoding="utf-8") as file:
        file.write("hello\n")
    try:
        refused(ask(rig, f"Bearer {token}"), 503, "", "log")
        made = tokens(rig, "--new-token", "more", "--scope", "live")
        assert made.returncode == 1 and "line" in made.stderr and not made.stdout
    finally:
        with open(rig.path("tokens"), encoding="utf-8") as file:
            text = file.read().replace("hello\n", "")
        with open(rig.path("tokens"), "w", encoding="utf-8") as file:
            file.write(text)
    assert ask(rig, f"Bearer {token}").status == 200


def test_an_invalid_token_reveals_nothing(rig):
    for path in ("/nothing", "/recordings?camera=other", "/stream?camera=other"):
        assert ask(rig, "Bearer scr_" + "0" * 64, path).status == 401, path


def test_a_token_of_one_camera_does_not_reveal_another(_):
    """Each camera has tokens of its own here; the first one is used if none is named."""
    with Several(["yard", "attic"], {word: {"http": {"tokens": "tokens-" + word}} for word in ("yard", "attic")}) as pair:
        pair.start()
        for word, other in (("attic", "yard"), ("yard", "attic")):
            own, hidden = pair.names[word], pair.names[other]
            made = subprocess.run([program("recorderd"), "-c", pair.inis, "-n", own, "--new-token", "one", "--scope", "live,footage"],
                                  capture_output=True, text=True, check=True)
            bearer = "Bearer " + made.stdout.strip()
            assert ask(pair, bearer, f"/health?camera={own}").status in (200, 503)
            for path in ("/health", "/metrics", "/camera_info", "/recordings", "/snapshot"):
                answers = [ask(pair, bearer, f"{path}?camera={name}") for name in (hidden, "nobody-" + hidden[-3:])]
                assert [answer.status for answer in answers] == [401, 401], (path, answers)
                assert answers[0].body == answers[1].body, path
                assert hidden.encode() not in ask(pair, bearer, f"{path}?camera={own}").body, path
            for path in ("/health", "/metrics", "/recordings"):
                assert hidden.encode() not in ask(pair, bearer, path).body, path
            for name in (hidden, "nobody"):
                assert status(pair, GET, f"/stream?camera={name}", bearer) == 401, name


def test_pages_of_any_site_may_read_only_with_a_token(_):
    with Rig({"http": {"allow_origin": "*"}}) as rig:
        checked = tokens(rig, "-t")
        assert checked.returncode == 1 and "allow_origin" in checked.stderr and "--new-token" in checked.stderr, checked
        rig.start()
        page = {"Origin": "http://any.example"}
        for path in ("/camera_info", "/stream", "/snapshot"):
            answer = rig.get(path, headers=page)
            refused(answer, 401, "Bearer", "http.allow_origin")
            assert "Access-Control-Allow-Origin" not in answer.headers, path
            assert rig.get(path, "HEAD").status == 200, path
        token = "Bearer " + new_token(rig, "board", "live")
        assert tokens(rig, "-t").returncode == 0
        for path in ("/camera_info", "/stream", "/snapshot?width=64"):
            answer = rig.get(path, "OPTIONS", {**page, "Access-Control-Request-Method": "GET"})
            assert answer.status == 204 and answer.headers["Access-Control-Allow-Origin"] == "*", (path, answer.status)
            answer = rig.get(path, "HEAD", {**page, "Authorization": token})
            assert answer.status == 200 and answer.headers["Access-Control-Allow-Origin"] == "*", (path, answer.status)
            assert "Access-Control-Allow-Credentials" not in answer.headers


def test_no_secret_is_written_to_a_log_or_a_file(rig):
    token = new_token(rig, "quiet", "live")
    ask(rig, f"Bearer {token}")
    for folder, _, files in os.walk(rig.folder):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not name.endswith((".frames", ".so", ".mp4")) and not os.path.islink(path):
                with open(path, "rb") as file:
                    assert token.encode() not in file.read(), path


def test_a_token_is_needed_if_the_server_requires_it(_):
    with Rig() as closed:
        config = closed.path("needed.conf")
        closed.start()
        token = new_token(closed, "door", "live")
        closed.stop_process(closed.web)
        with open(closed.path("lighttpd.conf"), encoding="utf-8") as file:
            text = file.read()
        with open(config, "w", encoding="utf-8") as file:
            file.write(text + 'setenv.add-environment = ( "RECORDER_TOKEN_NEEDED" => "1" )\n')
        search = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        closed.web = closed.spawn(["lighttpd", "-D", "-f", config], "lighttpd.log", search)
        wait_for(closed.web_answers, 60, "lighttpd accepts connections")
        for authorization in ({}, {"Authorization": "Basic dXNlcjpwYXNz"}):
            refused(closed.get("/health", headers=authorization), 401, "Bearer", "token")
            assert closed.get("/stream", headers=authorization).status == 401
        assert ask(closed, f"Bearer {token}").status == 200


if __name__ == "__main__":
    main(globals())
