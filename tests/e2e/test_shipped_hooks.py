#!/usr/bin/env python3
"""The hooks of deploy/hooks, called as recorder-hooks calls them: with a real Exim, a real Mosquitto and HTTPS."""
import contextlib
import json
import os
import re
import subprocess
import time
import urllib.parse

from support import BUILD, PROJECT
from support.camera import jpeg_number, jpegs_by_hash
from support.exact import assert_numbers, frames_within, second_after
from support.message_servers import PASSWORD, USER, Broker, MailServer, Process, WebServer, make_certificate
from support.rig import Rig, program
from support.tap import Skipped, run_tests, shared
from support.times import US, PATIENCE_S, wait_for
from test_tokens import new_token

FRAMES = os.path.join(BUILD, "tests", "frames", "moving.frames")
NUMBERS = jpegs_by_hash(FRAMES)
COUNT = 900             # frames in that file
BLOCK = range(420, 540)  # the frames in which a block moves (tests.mk)
HOOKS = os.path.join(PROJECT, "deploy", "hooks")
TEXT = "T\u00fcr: \u201eetwas\u201c bewegt sich \u2013 \U0001f6aa"
HEALTHY = {"motion": "OFF", "tampering": "OFF", "camera": "ON", "disk": "OFF", "encoder": "OFF", "recording": "ON"}


def notification(rig, event="disk-failing", begin=None, end=None, **more):
    """One that needs no picture, unless another event is named."""
    given = {"id": "0123456789abcdef-7", "camera": rig.name, "event": event, "time": time.time(),
             "time_text": "2026-05-17 10:23:00 +02:00", "text": TEXT, **more}
    return given | ({"from": begin} if begin is not None else {}) | ({"to": end} if end is not None else {})


def ini(sections):
    return "".join(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
                   for section, keys in sections.items())


def write_settings(rig, name, settings, mode=0o400):
    folder = rig.path("credentials")
    path = os.path.join(folder, name)
    os.makedirs(folder, exist_ok=True)
    if os.path.exists(path):
        os.unlink(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write(settings if isinstance(settings, str) else ini(settings))
    os.chmod(path, mode)
    return path


def call(rig, hook, settings, given, mode=0o400, **environment):
    """Runs a hook as recorder-hooks does. `settings` is the text of its file, or the sections."""
    path = write_settings(rig, "mine.ini", settings, mode)
    arguments = [] if "CREDENTIALS_DIRECTORY" in environment else [path]
    line = given if isinstance(given, bytes) else json.dumps(given).encode() + b"\n"
    return subprocess.run([os.path.join(HOOKS, hook), *arguments], input=line, capture_output=True, check=False,
                          env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "RECORDER_HOOK": "mine"} | environment)


def succeeded(done):
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done


def failed(done, *words):
    """It says why in one line, without the secret, and its status is 1."""
    line = done.stderr.decode()
    assert done.returncode == 1 and done.stdout == b"", done
    assert line.count("\n") == 1 and line.endswith("\n") and "Traceback" not in line, line
    assert PASSWORD not in line and "scr_" not in line, line
    for word in words:
        assert word in line, (word, line)


def recorder(rig, token=""):
    return {"url": f"http://127.0.0.1:{rig.port}", "token": token}


def started(make):
    """A function that returns the one server of its kind; the first call starts it."""
    def get(rig):
        server = make(rig)
        rig.stack.callback(server.close)
        return server
    return shared(get)


exim, mosquitto, web = started(MailServer), started(Broker), started(WebServer)


def shown(rig, from_s):
    """The numbers that the picture of an event may have whose first second that is. A busy recorder may have missed those that are nearest."""
    at_us, frames = round((from_s + 0.95) * US), rig.camera.frames()
    before, after = [frame for frame in frames if frame.wall_us <= at_us], [frame for frame in frames if frame.wall_us > at_us]
    return [frame.number % COUNT for frame in before[-1:] + after[:1] + frames_within(frames, at_us - 40000, at_us + 40000)]


def moving_second(rig):
    """The first second of an event that has just begun, and the numbers that its picture may have."""
    from_s = second_after(rig.camera.newest()) // US
    wait_for(lambda: rig.camera.newest().wall_us > (from_s + 1) * US, PATIENCE_S, "that second is over")
    return from_s, shown(rig, from_s)


# -- mail

def mail_settings(rig, to="me@localhost", **smtp):
    port = exim(rig).ports[smtp.get("security", "starttls")]
    return {"smtp": {"server": "localhost", "port": port, "user": USER, "password": PASSWORD,
                     "ca_file": rig.path("cert.pem"), **smtp},
            "mail": {"from": "Kamera T\u00fcr <camera@localhost>", "to": to}, "recorder": recorder(rig)}


def text_of(message):
    return message.get_body().get_content()


def test_an_email_has_the_picture_of_the_moment(rig):
    before = len(exim(rig).messages())
    from_s, numbers = moving_second(rig)
    succeeded(call(rig, "mail", mail_settings(rig), notification(rig, "motion-start", from_s)))
    message = exim(rig).message(before)
    pictures = list(message.iter_attachments())
    assert [part.get_content_type() for part in pictures] == ["image/jpeg"], message
    assert jpeg_number(NUMBERS, pictures[0].get_content()) in numbers, numbers
    assert message["Subject"] == TEXT, message["Subject"]
    assert TEXT in text_of(message) and "10:23:00" in text_of(message), message
    assert "esmtpsa" in message["Received"], "over TLS and after a login"


def test_an_email_goes_over_tls_from_the_start_as_well(rig):
    before = len(exim(rig).messages())
    given = notification(rig, "camera-lost", detail="It was unplugged.")
    succeeded(call(rig, "mail", mail_settings(rig, "me@localhost, You <you@localhost>", security="tls"), given))
    message = exim(rig).message(before + 1)
    assert "esmtpsa" in message["Received"] and not list(message.iter_attachments()), message
    assert "It was unplugged." in text_of(message), message


def test_no_text_adds_headers_or_recipients(rig):
    before = len(exim(rig).messages())
    evil = "x\r\nBcc: nobody@localhost\nX-Evil: yes\r\n\r\nbody\u2028Y: \ud800\x00"
    given = notification(rig) | {"text": evil, "camera": evil, "time_text": evil, "id": evil}
    succeeded(call(rig, "mail", mail_settings(rig), given))
    message = exim(rig).message(before)
    assert not {"X-Evil", "Bcc", "Y"} & set(message.keys()), message.items()
    assert message["Subject"].startswith("x  Bcc: nobody@localhost X-Evil: yes    body Y:"), message["Subject"]
    assert len(text_of(message).splitlines()) == 4, text_of(message)


def test_an_email_without_its_picture_says_why(rig):
    before = len(exim(rig).messages())
    no_web_server = {"url": f"http://127.0.0.1:{exim(rig).ports['none']}"}
    done = call(rig, "mail", mail_settings(rig) | {"recorder": no_web_server}, notification(rig, "motion-start"))
    failed(done, "sent without a picture: no answer from the recorder")
    assert "No picture: no answer from the recorder" in text_of(exim(rig).message(before))
    done = call(rig, "mail", mail_settings(rig), notification(rig, "motion-start", 1000))
    failed(done, "sent without a picture: the recorder answered 404")
    assert "No picture: the recorder answered 404" in text_of(exim(rig).message(before + 1))


def test_an_email_that_is_not_accepted_is_told(rig):
    for smtp, words in (({"password": "wrong"}, "535"),
                        ({"ca_file": ""}, "certificate verify failed"),
                        ({"server": "127.0.0.1"}, "IP address mismatch"),
                        ({"port": exim(rig).ports["none"]}, "STARTTLS"),
                        ({"user": "", "password": ""}, "log in first"),
                        ({"ca_file": "/nowhere"}, "/nowhere"),
                        ({"security": "none"}, "without a login"),
                        ({"port": 1}, "Connection refused")):
        failed(call(rig, "mail", mail_settings(rig, **smtp), notification(rig)), words)
    failed(call(rig, "mail", mail_settings(rig, "nobody@localhost, me@localhost"), notification(rig)), "no such user")


# -- mqtt

def mqtt_settings(rig, **changed):
    return {"mqtt": {"host": "localhost", "port": mosquitto(rig).port, "ca_file": rig.path("cert.pem"), "user": USER,
                     "password": PASSWORD, "page": "https://camera.example/ui/", **changed}}


def retained(rig):
    """What a subscriber gets that connects later: (states, sensors, the last notification of motion)."""
    found = mosquitto(rig).retained(2 + 2 * len(HEALTHY))
    base = f"recorder/{rig.name}/"
    states = {topic[len(base):]: payload for topic, payload in found.items() if topic.startswith(base)}
    last = json.loads(states.pop("last-motion"))
    sensors = {topic: json.loads(payload) for topic, payload in found.items() if not topic.startswith(base)}
    return states, sensors, last


def test_a_broker_keeps_the_state_of_the_camera(rig):
    for event in ("started", "motion-start", "camera-lost", "disk-failing"):
        succeeded(call(rig, "mqtt", mqtt_settings(rig), notification(rig, event, 5)))
    states, _, last = retained(rig)
    changed = {"motion": "ON", "camera": "OFF", "disk": "ON"}
    assert states == {"availability": "online", **HEALTHY, **changed} and last["from"] == 5, (states, last)
    for event in ("motion-end", "camera-back", "disk-working", "stopping", "segment"):
        succeeded(call(rig, "mqtt", mqtt_settings(rig), notification(rig, event)))
    states, _, last = retained(rig)
    assert states == {"availability": "offline", **HEALTHY} and last["event"] == "motion-end", (states, last)


def test_home_assistant_finds_a_device_with_sensors(rig):
    unwell = ("motion-start", "tampering", "camera-lost", "disk-failing", "encoder-failing", "recording-off")
    for event in (*unwell, "started"):
        succeeded(call(rig, "mqtt", mqtt_settings(rig), notification(rig, event)))
    states, sensors, _ = retained(rig)
    assert states == {"availability": "online", **HEALTHY}, states
    assert len({sensor["unique_id"] for sensor in sensors.values()}) == len(HEALTHY) == len(sensors), sensors
    for topic, sensor in sensors.items():
        assert re.fullmatch("homeassistant/binary_sensor/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+/config", topic), topic
        for key in ("state_topic", "availability_topic"):
            assert sensor[key].removeprefix(f"recorder/{rig.name}/") in states, sensor
        assert sensor["device_class"] in ("motion", "tamper", "connectivity", "problem", "running"), sensor
        assert sensor["device"]["identifiers"] and sensor["device"]["name"] == rig.name, sensor
        assert sensor["device"]["configuration_url"] == "https://camera.example/ui/", sensor


def test_a_broker_gets_the_notification_itself(rig):
    given = notification(rig, "segment", file="recording_1.mp4", bytes=7)
    with mosquitto(rig).subscriber() as received:
        succeeded(call(rig, "mqtt", mqtt_settings(rig, discovery=""), given))
        text = wait_for(lambda: dict(received()).get(f"recorder/{rig.name}/event"), PATIENCE_S, "the subscriber has it")
    assert json.loads(text) == given, text


def test_a_message_that_a_broker_refuses_is_told(rig):
    for changed, words in (({"password": "wrong"}, "not authorized"),
                           ({"user": ""}, "not authorized"),
                           ({"ca_file": ""}, "certificate verify failed"),
                           ({"host": "127.0.0.1"}, "IP address mismatch"),
                           ({"tls": "no"}, "localhost: "),
                           ({"topic": "others"}, "refused a message to others/"),
                           ({"port": 1}, "Connection refused"),
                           ({"port": exim(rig).ports["none"], "tls": "no"}, "sent a packet")):
        failed(call(rig, "mqtt", mqtt_settings(rig, **changed), notification(rig)), words)


# -- notify

def notify_settings(rig, fields=None, **changed):
    return {"notify": {"url": f"https://localhost:{web(rig).port}/secret-topic", "ca_file": rig.path("cert.pem"),
                       **changed},
            "fields": fields or {}, "recorder": recorder(rig)}


def test_ntfy_gets_title_text_and_picture(rig):
    from_s, numbers = moving_second(rig)
    settings = notify_settings(rig, token="tk_secret")
    succeeded(call(rig, "notify", settings, notification(rig, "motion-start", from_s)))
    request = web(rig).requests.pop()
    address = urllib.parse.urlsplit(request.path)
    query = dict(urllib.parse.parse_qsl(address.query))
    assert address.path == "/secret-topic" and query["filename"] == "picture.jpg", request.path
    assert (query["title"], query["message"]) == (rig.name, TEXT), query
    assert jpeg_number(NUMBERS, request.body) in numbers, numbers
    assert request.headers["Authorization"] == "Bearer tk_secret", request.headers
    assert b"curl" in request.processes
    assert b"secret-topic" not in request.processes and b"tk_secret" not in request.processes


def test_ntfy_gets_the_text_alone_if_there_is_no_picture(rig):
    succeeded(call(rig, "notify", notify_settings(rig), notification(rig)))
    request = web(rig).requests.pop()
    assert request.body.decode() == TEXT and "filename" not in request.path, request.path
    assert "priority=high" in request.path, request.path


def test_a_form_has_its_fields_and_the_picture(rig):
    from_s, numbers = moving_second(rig)
    fields = {"Chat": "@/etc/passwd", "caption": "{camera}: \"{text}\" {unknown} \\"}
    settings = notify_settings(rig, fields, format="form", picture_field="photo", user=USER, password=PASSWORD)
    succeeded(call(rig, "notify", settings, notification(rig, "motion-start", from_s)))
    request = web(rig).requests.pop()
    form = request.form()
    assert form["Chat"].get_payload() == "@/etc/passwd", form
    assert form["caption"].get_payload(decode=True).decode() == f"{rig.name}: \"{TEXT}\" {{unknown}} \\", form
    assert form["photo"].get_content_type() == "image/jpeg" and form["photo"].get_filename() == "picture.jpg", form
    assert jpeg_number(NUMBERS, form["photo"].get_payload(decode=True)) in numbers, numbers
    assert request.headers["Authorization"].startswith("Basic ") and PASSWORD.encode() not in request.processes


def test_a_webhook_gets_the_notification_as_json(rig):
    given = notification(rig, "motion-end", 5, 9)
    succeeded(call(rig, "notify", notify_settings(rig, format="json"), given))
    request = web(rig).requests.pop()
    assert json.loads(request.body) == given and request.headers["Content-Type"] == "application/json", request.body


def test_a_message_that_a_web_server_refuses_is_told(rig):
    try:
        for status in (403, 302):
            web(rig).status = status
            failed(call(rig, "notify", notify_settings(rig), notification(rig)), f"answered {status}")
    finally:
        web(rig).status = 200
        web(rig).requests.clear()
    for changed, words in (({"ca_file": ""}, "certificate"),
                           ({"url": "https://localhost:1/secret"}, "connect"),
                           ({"url": "file:///etc/passwd"}, "file")):
        failed(call(rig, "notify", notify_settings(rig, **changed), notification(rig)), words)


# -- keep-a-clip

def keep_settings(rig, token, **keep):
    return {"keep": {"before": 2, "after": 1, **keep}, "recorder": recorder(rig, token)}


@shared
def keeper(rig):
    """A token that may keep clips."""
    return new_token(rig, "keeper", "control")


def labels(rig):
    """The labels of the kept clips, by their names."""
    return {one["file"]: one["label"] for one in rig.get("/clips").json()}


def test_a_clip_of_the_whole_event_is_kept(rig):
    begin_s = second_after(rig.camera.frames()[0]) // US + 2
    wait_for(lambda: rig.camera.newest().wall_us > (begin_s + 2) * US, PATIENCE_S, "the event is over")
    before = set(labels(rig))
    end_us = rig.camera.newest().wall_us
    for _ in range(2):  # another event that began in the same second
        given = notification(rig, "motion-end", begin_s, end_us / US)
        succeeded(call(rig, "keep-a-clip", keep_settings(rig, keeper(rig)), given))
    names = sorted(set(labels(rig)) - before)
    local = time.strftime("motion_%Y%m%d_%H%M%S", time.localtime(begin_s - 2))
    assert names == [f"{local}.mp4", f"{local}_2.mp4"], names
    for name in names:
        numbers = [number for _, number in rig.frames_of(rig.get(f"/clips/{name}").body)]
        assert_numbers(numbers, rig.camera.frames(), (begin_s - 2) * US, end_us + US, COUNT)
        assert labels(rig)[name] == TEXT, name


def test_a_long_event_is_kept_in_parts(rig):
    """Of the first part nothing was recorded."""
    before = set(labels(rig))
    first_s = second_after(rig.camera.frames()[0]) // US
    settings = keep_settings(rig, keeper(rig), before=60, after=0, max_minutes=1)
    given = notification(rig, "motion-end", first_s - 10, first_s + 1)
    failed(call(rig, "keep-a-clip", settings, given), "not kept", "404")
    names = set(labels(rig)) - before
    assert names == {time.strftime("motion_%Y%m%d_%H%M%S.mp4", time.localtime(first_s - 10))}, names


def test_a_clip_that_cannot_be_kept_is_told(rig):
    given = notification(rig, "motion-end", time.time() - 2, time.time() - 1)
    reader = new_token(rig, "reader", "live,footage")
    for token, words in (("", "allow_control"), (reader, "control"), ("scr_no", "401"), ("scr_\u20ac", "malformed")):
        failed(call(rig, "keep-a-clip", keep_settings(rig, token, after=0), given), words)
    given = notification(rig, "motion-start", time.time() - 2)
    failed(call(rig, "keep-a-clip", keep_settings(rig, keeper(rig)), given), "events = motion-end")


# -- what all of them share

def test_a_file_of_settings_that_others_can_read_is_refused(rig):
    settings = notify_settings(rig, password=PASSWORD)
    for mode in (0o440, 0o404, 0o620, 0o402):
        failed(call(rig, "notify", settings, notification(rig), mode), "chmod 0400")
    assert not web(rig).requests
    systemd = {"CREDENTIALS_DIRECTORY": rig.path("credentials")}
    succeeded(call(rig, "notify", settings, notification(rig), 0o440, **systemd))
    assert web(rig).requests.pop()


def test_what_is_wrong_with_settings_is_told(rig):
    notify = {"url": "https://localhost:1/"}
    for sections, words in (({"notfy": {}}, "unknown section [notfy]"),
                            ({"notify": {"ur": "x"}}, "unknown key ur"),
                            ({"notify": {}}, "url of [notify] is missing"),
                            ({"notify": notify | {"picture": "maybe"}}, "picture of [notify] must be yes or no"),
                            ({"notify": notify | {"format": "smoke"}}, "must be ntfy or form or json"),
                            (f"{PASSWORD}\n", "expected [section]"),
                            ("[notify]\nurl = x\nurl = y\n", "once")):
        failed(call(rig, "notify", sections, notification(rig)), words)
    elsewhere = {"CREDENTIALS_DIRECTORY": rig.folder, "RECORDER_HOOK": "other"}
    failed(call(rig, "notify", "", notification(rig), **elsewhere), "/etc/recorder/hooks/other.ini", "No such file")


def test_what_is_no_notification_is_refused(rig):
    bad_time = json.dumps(notification(rig, begin="soon")).encode()
    for given in (b"", b"\n", b"[]", b"{}", b"\xff\n", b"[" * 60000, b"{" + b" " * 70000, bad_time):
        failed(call(rig, "notify", "", given), "not a notification")


# -- all of it

def start_everything(rig):
    """recorder-hooks is there from the beginning. The numbers in the pictures do not count as movement."""
    with open(rig.ini, "a", encoding="utf-8") as file:
        for hook, events in (("mail", "motion-start"), ("mqtt", "all")):
            file.write(f"[hook {hook}]\nrun = {HOOKS}/{hook} {rig.path('credentials', hook)}.ini\nevents = {events}\n"
                       "not = 0,0,1,0.25\n")
    rig.stack.callback(Process(rig, program("recorder-hooks"), "-c", rig.ini).close)
    with contextlib.suppress(Skipped):  # by the cases as well
        write_settings(rig, "mqtt.ini", mqtt_settings(rig, topic="live", discovery=""))
        rig.published = rig.stack.enter_context(mosquitto(rig).subscriber())
    rig.start()
    with contextlib.suppress(Skipped):
        write_settings(rig, "mail.ini", mail_settings(rig, "live@localhost"))


def test_what_moves_arrives_by_mqtt_and_by_email(rig):
    mosquitto(rig)
    emails = wait_for(lambda: exim(rig).messages("live@localhost"), PATIENCE_S, "there is an e-mail")
    told = [json.loads(text) for topic, text in rig.published() if topic == f"live/{rig.name}/event"]
    starts = [one for one in told if one["event"] == "motion-start"]
    picture, = emails[0].iter_attachments()
    number = jpeg_number(NUMBERS, picture.get_content())
    assert told[0]["event"] == "started" and emails[0]["Subject"] == starts[0]["text"], (told, emails[0]["Subject"])
    # The e-mail is not always that of the first event: it may be over before there is a mail server.
    assert number in BLOCK and any(number in shown(rig, one["from"]) for one in starts), (number, starts)


def main():
    with Rig({"motion": {"enabled": "yes"}}, frames=FRAMES) as rig, contextlib.ExitStack() as rig.stack:
        make_certificate(rig.folder)
        start_everything(rig)
        return run_tests(globals(), rig)


if __name__ == "__main__":
    raise SystemExit(main())
