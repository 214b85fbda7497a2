"""What the hooks of this folder share: the notification, the file of settings, requests to the recorder, failures.

recorder-hooks runs a hook once for each notification, with the notification as one line of JSON on standard input
(shared/notify/notification.h says what is in it). The settings, and with them every secret, are in one .ini file that
nobody else may read: the first argument of the hook, or else HOOK.ini in $CREDENTIALS_DIRECTORY (LoadCredential= of
systemd), or else in /etc/recorder/hooks. HOOK is the name of the section [hook HOOK]. docs/hooks.md describes them all.

A hook exits with 0 if it did all that it was asked to do. Otherwise it writes one line to standard error and exits
with 1.
"""
import configparser
import http.client
import json
import os
import signal
import ssl
import stat
import sys
import time
import traceback
import urllib.parse

NOTIFICATION_BYTES = 65536  # far more than one has
PICTURE_BYTES = 32 << 20
ANSWER_S = 20               # how long a server may take for one step
RETRY_S = 10                # how long a recorder is asked again that answers "later" (503, 429)
FIRST_SECOND_S = 0.95       # when the first second of an event shows it: recorder-motion has seen what it looks at
HOOK_S = 50                 # how long everything may take: less than the default of limit_seconds

# The events of which a picture shows something.
WITH_PICTURE = ("motion-start", "motion-end", "tampering", "tampering-end", "camera-back")

REQUIRED = object()
RECORDER = {"url": "http://localhost:5000", "token": "", "ca_file": ""}


class Failure(Exception):
    """What went wrong, as a sentence. It contains no secret."""


def one_line(text):
    """The text with a space for each line break and control character, so that it can end no header and no line."""
    return "".join(character if character.isprintable() else " " for character in text)


def error_text(error):
    """What a library says of an error, or what kind of error it is."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


# -- settings

def open_private(path):
    """Opens a file that contains secrets. Only its owner may have access: this user or root. Root may use anybody's."""
    try:
        file = open(path, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{path}, the file of this hook's settings: {error.strerror}") from error
    status = os.fstat(file.fileno())
    if os.path.dirname(path) == os.environ.get("CREDENTIALS_DIRECTORY"):  # systemd guards it by an access control list
        return file
    owned = status.st_uid in (0, os.geteuid()) or os.geteuid() == 0
    if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077 or not owned:
        file.close()
        raise Failure(f"{path} contains secrets: only its owner, this user or root, may have access (chmod 0400)")
    return file


def settings_path():
    if len(sys.argv) > 1:
        return sys.argv[1]
    name = os.environ.get("RECORDER_HOOK", os.path.basename(sys.argv[0])) + ".ini"
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and os.path.exists(os.path.join(credentials, name)):
        return os.path.join(credentials, name)
    return os.path.join("/etc/recorder/hooks", name)


def parse(path):
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    parser.optionxform = str
    with open_private(path) as file:
        try:
            parser.read_file(file)
        except (configparser.Error, UnicodeDecodeError) as error:  # its own text may quote a line with a secret
            raise Failure(f"{path}: expected [section] and key = value in UTF-8, each of them once") from error
    return parser


def convert(value, default):
    """The value of a key as the type of its default. A tuple has the allowed words; the first one is the default."""
    if isinstance(default, tuple):
        return {word: word for word in default}[default[0] if value is None else value]
    if value is None:
        return default
    if isinstance(default, bool):
        return {"yes": True, "no": False}[value]
    return int(value) if isinstance(default, int) else value


def read_key(parser, path, section, key, default):
    value = parser.get(section, key, fallback=None)
    if default is REQUIRED:
        if not value:
            raise Failure(f"{path}: {key} of [{section}] is missing")
        return value
    try:
        return convert(value, default)
    except (KeyError, ValueError) as error:
        kinds = {bool: "yes or no", int: "a whole number"}
        expected = kinds.get(type(default)) or " or ".join(default)
        raise Failure(f"{path}: {key} of [{section}] must be {expected}") from error


def read_settings(sections):
    """
    {section: {key: value}} of the file. `sections` has the default of each key, whose type is that of the value, or
    REQUIRED. A section without keys takes any.
    """
    path = settings_path()
    parser = parse(path)
    for section in parser.sections():
        if section not in sections:
            raise Failure(f"{path}: unknown section [{section}]; expected one of {', '.join(sections)}")
        for key in parser[section] if sections[section] else ():
            if key not in sections[section]:
                raise Failure(f"{path}: unknown key {key}; [{section}] has {', '.join(sections[section])}")
    return {section: {key: read_key(parser, path, section, key, default) for key, default in keys.items()} or
            dict(parser[section] if section in parser else {}) for section, keys in sections.items()}


# -- TLS and the recorder

def tls_context(ca_file):
    """Checks certificates against the authorities of this machine, or against those of the file only."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise Failure(f"{ca_file}: {error_text(error)}") from error


def connect_to_recorder(recorder, timeout_s):
    """The connection, and the path under which the recorder is."""
    parts = urllib.parse.urlsplit(recorder["url"])
    if parts.scheme == "https" and parts.hostname:
        tls = tls_context(recorder["ca_file"])
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout_s, context=tls), parts.path
    if parts.scheme == "http" and parts.hostname:
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s), parts.path
    raise Failure("url of [recorder] must be an address like http://localhost:5000")


def ask_once(recorder, method, path, timeout_s):
    try:
        connection, folder = connect_to_recorder(recorder, timeout_s)
        try:
            headers = {"Authorization": "Bearer " + recorder["token"]} if recorder["token"] else {}
            connection.request(method, folder.rstrip("/") + path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read(PICTURE_BYTES + 1)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise Failure(f"no answer from the recorder: {error_text(error)}") from error
    except ValueError as error:  # its text may contain the token
        raise Failure("url or token of [recorder] is malformed") from error


def ask_recorder(recorder, method, path, timeout_s=ANSWER_S):
    """(status, body) of the recorder's answer. A recorder that is too busy is asked again for a while."""
    until = time.monotonic() + RETRY_S
    while True:
        status, body = ask_once(recorder, method, path, timeout_s)
        if status not in (429, 503) or time.monotonic() > until:
            return status, body
        time.sleep(1)


def refusal(status, body):
    """What the recorder says in an answer that refuses something (RFC 9457)."""
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, LookupError, TypeError):
        detail = "no reason given"
    return f"the recorder answered {status}: {detail}"


def picture_time(notification):
    """When the picture shows most. Movement is found in whole seconds, and by the end of its first one it has begun."""
    if "from" in notification and "to" in notification:
        return (notification["from"] + notification["to"]) / 2
    return notification["from"] + FIRST_SECOND_S if "from" in notification else notification["time"]


def fetch_picture(notification, recorder):
    """The JPEG of that moment."""
    at = picture_time(notification)
    camera = urllib.parse.quote(notification["camera"], safe="")
    status, body = ask_recorder(recorder, "GET", f"/snapshot?at={at:.6f}&camera={camera}")
    if status != 200:
        raise Failure(refusal(status, body))
    if len(body) > PICTURE_BYTES or not body.startswith(b"\xff\xd8"):
        raise Failure("what the recorder sent is not a picture")
    return body


def picture_of(notification, recorder):
    """(JPEG or None, why there is none): a message is worth sending without its picture, too."""
    if notification["event"] not in WITH_PICTURE:
        return None, ""
    try:
        return fetch_picture(notification, recorder), ""
    except Failure as error:
        return None, one_line(str(error))


def fail_without_picture(why):
    """For the end of a hook that has sent its message."""
    if why:
        raise Failure(f"sent without a picture: {why}")


# -- the notification, and the whole run

def read_notification():
    text = sys.stdin.buffer.read(NOTIFICATION_BYTES + 1)
    try:
        found = json.loads(text) if len(text) <= NOTIFICATION_BYTES else None
    except (ValueError, RecursionError):
        found = None
    number = (int, float)
    fields = {"id": str, "camera": str, "event": str, "time": number, "time_text": str, "text": str}
    if not isinstance(found, dict) or not all(isinstance(found.get(key), kind) for key, kind in fields.items()) or \
            not all(isinstance(found.get(key, 0), number) for key in ("from", "to")):
        raise Failure("standard input is not a notification (one line of JSON)")
    return found


def run(hook, sections, limit_s=HOOK_S):
    """Calls hook(notification, settings), which has `limit_s` seconds for everything."""
    def end_now(*_):
        print(f"not done within {limit_s} seconds", file=sys.stderr, flush=True)
        os._exit(1)  # nothing that may hang first
    signal.signal(signal.SIGALRM, end_now)
    signal.alarm(limit_s)
    try:
        hook(read_notification(), read_settings(sections))
    except Failure as error:
        sys.exit(one_line(str(error)))
    except Exception as error:  # pylint: disable=broad-except
        place = traceback.extract_tb(error.__traceback__)[-1]
        sys.exit(f"unexpected {type(error).__name__} in line {place.lineno} of {os.path.basename(place.filename)}")
