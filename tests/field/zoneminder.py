"""ZoneMinder from Debian as a client: its database and its capture programs, in a folder of their own.

zmc reads its settings only from /etc/zm, so it runs in a mount namespace where that folder is ours (root). The database is
a MariaDB that listens on a socket in the folder.
"""
import contextlib
import os
import shutil
import subprocess

from support.times import PATIENCE_S, wait_for
from support.webserver import SEARCH

from clip_frames import clip_numbers

CREATE = "/usr/share/zoneminder/db/zm_create.sql"
SETTINGS = """
ZM_PATH_DATA=/usr/share/zoneminder
ZM_PATH_BIN=/usr/bin
ZM_PATH_CGI=/usr/lib/zoneminder/cgi-bin
ZM_DB_TYPE=mysql
ZM_DB_HOST=localhost:{folder}/db.sock
ZM_DB_NAME=zm
ZM_DB_USER=root
ZM_DB_PASS=
ZM_DIR_EVENTS={folder}/events
ZM_PATH_MAP={folder}/map
ZM_PATH_SOCKS={folder}/socks
ZM_PATH_LOGS={folder}/logs
ZM_PATH_SWAP={folder}/swap
"""
# A monitor of each kind that ZoneMinder has for MJPEG and JPEG over HTTP: its columns in the table Monitors.
REMOTE = {"Type": "Remote", "Protocol": "http", "Host": "127.0.0.1"}
KINDS = {
    "simple": {**REMOTE, "Method": "simple", "Path": "/stream"},
    "regexp": {**REMOTE, "Method": "regexp", "Path": "/?action=stream"},
    "pictures": {**REMOTE, "Method": "simple", "Path": "/snapshot", "MaxFPS": 15},
    "curl": {"Type": "cURL", "Path": "http://127.0.0.1:{port}/stream"},
    "ffmpeg": {"Type": "Ffmpeg", "Path": "http://127.0.0.1:{port}/video"},
}
COMMON = {"Width": 320, "Height": 180, "Colours": 4, "Function": "Monitor", "ImageBufferCount": 20,
          "FPSReportInterval": 10}


def missing():
    """Why it cannot run here, or None."""
    for program in ("zmc", "mariadbd", "mariadb-install-db", "unshare"):
        if not shutil.which(program, path=SEARCH):
            return f"{program} is not installed"
    return None if os.geteuid() == 0 else "only root can give zmc a folder of settings"


class ZoneMinder:
    """with ZoneMinder(rig) as zoneminder: ... uses the rig's folder for everything."""

    def __init__(self, rig):
        self.rig, self.folder = rig, rig.path(f"zm-{rig.server_name}")
        self.database, self.monitors = None, {}

    def __enter__(self):
        for name in ("events", "map", "socks", "logs", "swap", "etc"):
            os.makedirs(os.path.join(self.folder, name))
        with open(os.path.join(self.folder, "etc", "zm.conf"), "w", encoding="utf-8") as file:
            file.write(SETTINGS.format(folder=self.folder))
        data = os.path.join(self.folder, "data")
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=root", "--skip-test-db",
                        "--auth-root-authentication-method=socket"], capture_output=True, check=True)
        self.database = self.spawn(["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={self.folder}/db.sock",
                                    "--skip-networking", "--user=root", f"--pid-file={self.folder}/db.pid"])
        wait_for(lambda: self.sql("select 1", "") is not None, PATIENCE_S, "MariaDB answers")
        with open(CREATE, encoding="utf-8") as file:
            assert self.sql(file.read(), "") is not None, "ZoneMinder's tables cannot be created"
        return self

    def __exit__(self, *_):
        for process in self.monitors.values():
            self.rig.stop_process(process)
        self.rig.stop_process(self.database)

    def spawn(self, command):
        return self.rig.spawn(command, "zoneminder.log", dict(self.rig.environment, PATH=SEARCH, LOG_LEVEL_TERM="0"))

    def sql(self, text, database="zm"):
        """The rows as text, or None if it fails."""
        client = ["mariadb", "--no-defaults", "-N", "-B", "-S", f"{self.folder}/db.sock", *([database] if database else [])]
        done = subprocess.run(client, input=text, capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def inside(self, *command):
        """A command of ZoneMinder with our settings."""
        script = f"mount --bind '{self.folder}/etc' /etc/zm && exec \"$@\""
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", *command]

    def watch(self, kind, port):
        """Starts a monitor of that kind on the recorder's port."""
        columns = {**COMMON, **KINDS[kind], "Name": kind, "Port": port}
        columns["Path"] = columns["Path"].format(port=port)
        values = ", ".join(f"'{value}'" for value in columns.values())
        number = len(self.monitors) + 1
        insert = f"insert into Monitors (Id, {', '.join(columns)}) values ({number}, {values})"
        assert self.sql(insert) is not None, columns
        self.monitors[kind] = self.spawn(self.inside("zmc", "-m", str(number)))

    def rate(self, kind):
        """Frames per second that a monitor reports; 0 if it has none."""
        rows = self.sql("select CaptureFPS from Monitor_Status join Monitors on MonitorId = Id "
                        f"where Name = '{kind}' and Status = 'Connected'")
        return float(rows or 0)

    def number(self, kind):
        """The number in the picture that a monitor has, or None."""
        id_of = list(self.monitors).index(kind) + 1
        path = os.path.join(self.folder, f"Monitor{id_of}.jpg")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        subprocess.run(self.inside("zmu", "-m", str(id_of), "-i"), cwd=self.folder, capture_output=True, check=False)
        return clip_numbers(path)[0] if os.path.exists(path) else None
