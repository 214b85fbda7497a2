"""The web servers for a rig: each runs for real, from its example in the project with the rig's paths in it.

A rig uses the one that $WEB_SERVER names: lighttpd (the default), apache or nginx. The parts of an example that are commented
out ("=== users ===") can be switched on.
"""
import getpass
import os
import re
import shutil
import subprocess

from support import PROJECT

SEARCH = os.environ["PATH"] + ":/usr/sbin:/sbin"
USER = "www-data" if os.geteuid() == 0 else getpass.getuser()


def uncommented(text, part):
    """The example with its block "=== PART ===" switched on: removes each # that is not followed by a space."""
    lines, inside = [], False
    for line in text.splitlines():
        marker = re.match(r"\s*# === (\w+) ===", line)
        if marker:
            inside = marker[1] == part
        lines.append(re.sub(r"^(\s*)#(?=\S)", r"\1", line) if inside else line)
    return "\n".join(lines) + "\n"


class Server:
    """The web server of a rig. Subclasses define its command. If it does not start the workers, the rig does."""

    program = example = None
    starts_workers = False

    def __init__(self, rig, parts=()):
        self.rig, self.parts = rig, parts

    @classmethod
    def installed(cls):
        return shutil.which(cls.program, path=SEARCH)

    @classmethod
    def has_tls(cls):
        return True

    def chosen(self, text):
        for part in self.parts:
            text = uncommented(text, part)
        return text

    def read_example(self):
        with open(os.path.join(PROJECT, self.example), encoding="utf-8") as file:
            return self.chosen(file.read())

    def localized(self, text):
        """With this rig's port and folders in place of an installation's."""
        folder = self.rig.folder
        for path, own in (("127.0.0.1:5000", f"127.0.0.1:{self.rig.port}"), ("*:5000", f"*:{self.rig.port}"),
                          ("/run/recorder-", folder + "/"), ("/run/recorder/", folder + "/"), ("/etc/recorder/", folder + "/"),
                          ("/usr/local/share/recorder/www", folder + "/www"), ("/var/log/nginx/", folder + "/"),
                          ("/var/log/apache2/recorder", folder + "/access"),
                          ("frame_ancestors \"'none'\"", f'frame_ancestors "{self.rig.frame_ancestors}"')):
            text = text.replace(path, own)
        return text

    def write(self, name, text):
        path = self.rig.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def command(self, config):
        """Writes its configuration, and returns its command; `config` is the recorder's configuration."""
        raise NotImplementedError

    def open_to_user(self):
        """Apache never runs as root. If the rig does, the server's user gets the same access as in an installation."""
        shutil.copytree(os.path.join(PROJECT, "www"), self.rig.path("www"), dirs_exist_ok=True)
        if os.geteuid() == 0:
            os.chmod(self.rig.folder, 0o711)
            for socket_name in ("live.sock", "api.sock"):
                shutil.chown(self.rig.path(socket_name), group=USER)


class Lighttpd(Server):
    program, example, starts_workers = "lighttpd", "lighttpd.conf.example", True

    @classmethod
    def has_tls(cls):
        return os.path.exists("/usr/lib/lighttpd/mod_openssl.so")

    def command(self, config):
        own = {"port": str(self.rig.port), "bind": '"127.0.0.1"', "bin": f'"{self.rig.folder}"', "run": f'"{self.rig.folder}"',
               "www": f'"{os.path.join(PROJECT, "www")}"', "config": f'"{config}"',
               "frame_ancestors": f'"{self.rig.frame_ancestors}"'}
        made = subprocess.run([os.path.join(PROJECT, "deploy", "web-config"), *(f"{key}={value}" for key, value in own.items())],
                              capture_output=True, text=True, check=True)
        file = self.write("lighttpd.conf", self.localized(self.chosen(made.stdout)))
        return [self.rig.path("recorder-listen"), "-f", file, "lighttpd", "-D", "-f", file]


class Apache(Server):
    """Apache, with what Debian's apache2.conf has around a site, and the modules that the example names."""

    program, example = "apache2", "deploy/apache.conf.example"
    AROUND = """
ServerName localhost
PidFile "{folder}/apache.pid"
DefaultRuntimeDir "{folder}"
ErrorLog "{folder}/apache.log"
LogLevel warn
User {user}
Group {user}
TypesConfig "{types}"
<Directory "/">
	Require all denied
</Directory>
"""

    def command(self, config):
        self.open_to_user()
        text = self.read_example()
        modules = dict.fromkeys(" ".join(re.findall(r"a2enmod ([a-z_ ]+)", text)).split())
        load = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in modules)
        types = "/etc/mime.types" if os.path.exists("/etc/mime.types") else "/dev/null"  # the workers send their own types
        around = self.AROUND.format(folder=self.rig.folder, user=USER, types=types)
        return ["apache2", "-DFOREGROUND", "-f", self.write("apache.conf", load + around + self.localized(text))]


class Nginx(Server):
    """nginx, with what Debian's nginx.conf has around a site."""

    program, example = "nginx", "deploy/nginx.conf.example"
    AROUND = """
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid "{folder}/nginx.pid";
error_log "{folder}/nginx.log" warn;
events {{ worker_connections 16000; }}
http {{
	access_log "{folder}/access.log";
	client_body_temp_path "{folder}/body";
	proxy_temp_path "{folder}/proxy";
	fastcgi_temp_path "{folder}/fastcgi";
	uwsgi_temp_path "{folder}/uwsgi";
	scgi_temp_path "{folder}/scgi";
	include "{folder}/site.conf";
}}
"""

    def command(self, config):
        self.open_to_user()
        site = self.read_example()
        if "TLS" in self.parts:
            site = site.replace("\tlisten 127.0.0.1:5000;\n", "")  # as the example says
        self.write("site.conf", self.localized(site))
        user = f"user {USER};" if os.geteuid() == 0 else ""
        return ["nginx", "-c", self.write("nginx.conf", self.AROUND.format(folder=self.rig.folder, user=user))]


SERVERS = {"lighttpd": Lighttpd, "apache": Apache, "nginx": Nginx}
