"""The production setup that the repository ships, as `deploy/` has it: nginx before gunicorn."""

import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack

import requests
from processes import ROOT, Machine
from rig import eventually, free_port
from shopper import Shopper

# A user's PATH need not name the folder where Debian keeps servers.
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
OPENSSL = shutil.which("openssl")
WHY_NOT = None if NGINX and OPENSSL else "nginx (Debian: nginx-light) or openssl lacks"

# What Debian's own nginx.conf has around a site.
_AROUND = """
{user}daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 768; }}
http {{
    include /etc/nginx/mime.types;
    {temporary}
    include {folder}/site.conf;
}}
"""
# What systemd does before it starts a program: the socket is file 3.
_HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *sys.argv[2:]])
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Nginx:
    """Serve what `deploy/nginx.conf` says, at ports and with a certificate of this machine."""

    def __init__(self, folder, shop_port, change=lambda site: site):
        self.folder, self.port = folder, free_port()
        self.url = f"https://localhost:{self.port}"
        self.certificate = folder / "certificate.pem"
        site = (ROOT / "deploy" / "nginx.conf").read_text()
        for said, here in (
            ("127.0.0.1:8000", f"127.0.0.1:{shop_port}"),
            ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
            ("listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;"),
            ("shop.example;", "localhost;"),
        ):
            assert said in site
            site = site.replace(said, here)
        site = re.sub(r"/etc/letsencrypt\S+/(fullchain|privkey)", self._key, site)
        (folder / "site.conf").write_text(change(site))
        temporary = [f"{one}_temp_path {folder}/{one};" for one in _TEMPORARY]
        is_root = subprocess.check_output(["id", "-u"]).strip() == b"0"
        (folder / "nginx.conf").write_text(
            _AROUND.format(
                user="user root;\n" if is_root else "",
                folder=folder,
                temporary="\n    ".join(temporary),
            )
        )

    def _key(self, match):
        kinds = {"fullchain": "certificate", "privkey": "key"}
        return f"{self.folder}/{kinds[match[1]]}"

    def __enter__(self):
        self._certify()
        self._running = subprocess.Popen(
            [NGINX, "-p", self.folder, "-c", self.folder / "nginx.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self

    def __exit__(self, *_):
        self._running.terminate()
        self._running.wait(10)

    def _certify(self):
        subprocess.run(
            [
                *(OPENSSL, "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"),
                *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost"),
                *("-addext", "subjectAltName=DNS:localhost"),
                *("-keyout", self.folder / "key.pem", "-out", self.certificate),
            ],
            check=True,
            capture_output=True,
        )

    def connect(self, source="127.0.0.1"):
        """Open a connection as a browser does, from one of this machine's addresses."""
        trusts = ssl.create_default_context(cafile=self.certificate)
        line = socket.create_connection(
            ("127.0.0.1", self.port), timeout=20, source_address=(source, 0)
        )
        return trusts.wrap_socket(line, server_hostname="localhost")


class Deployed(Machine):
    """Serve a shop as `deploy/` says: a socket that outlives gunicorn, and nginx in front."""

    def __init__(self, folder, change=lambda site: site, **settings):
        super().__init__(folder, **settings)
        self.nginx = Nginx(folder, self.port, change)
        self.url = self.nginx.url
        self._environment |= {
            "SERVER_NAME": self.url.split("//")[1],
            "PREFERRED_URL_SCHEME": "https",
            "TRUSTED_PROXIES": "1",
        }
        unit = (ROOT / "deploy" / "shop.service").read_text()
        command = re.search("(?m)^ExecStart=(.+)$", unit)[1]
        program, *self._arguments = shlex.split(command)
        assert program.endswith("/bin/gunicorn")
        self._socket = socket.create_server(("127.0.0.1", self.port), backlog=2048)

    def __enter__(self):
        with ExitStack() as started:
            started.enter_context(self._socket)
            started.enter_context(self.nginx)
            super().__enter__()
            self._front = started.pop_all()
        return self

    def __exit__(self, *_):
        super().__exit__()
        self._front.close()

    def start_shop(self):
        """Start gunicorn with the socket handed to it, as systemd does."""
        number = str(self._socket.fileno())
        with (self.folder / "shop.log").open("ab") as log:
            self._gunicorn = subprocess.Popen(
                [sys.executable, "-c", _HAND_OVER, number, *self._arguments],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[self._socket.fileno()],
            )
        eventually(self.is_up, 60)

    def kill_shop(self):
        """End gunicorn as `systemctl stop` does: it may finish what is under way."""
        if hasattr(self, "_gunicorn"):
            self._gunicorn.send_signal(signal.SIGTERM)
            self._gunicorn.wait(70)

    def is_up(self):
        """Tell whether the shop answers through nginx."""
        try:
            page = requests.get(self.url, timeout=5, verify=self.nginx.certificate)
            return page.status_code == 200
        except requests.RequestException:
            return False


class Customer(Shopper):
    """Shop by https."""

    def __init__(self, shop):
        super().__init__(shop)
        self.http.trust_env = False  # it could name other certificates
        self.http.headers["Referer"] = f"{shop.url}/"
        self.http.verify = str(shop.nginx.certificate)

    def buys(self):
        """Pay by card, and tell whether that worked, and how long it took in seconds."""
        began = time.monotonic()
        self.adds()
        self.pays()
        return self.state == "paid", time.monotonic() - began


class Slow:
    """Hold connections that send one byte now and then: half of them in the head, half in a
    body."""

    def __init__(self, connect, host, count):
        self._connect, self._lines = connect, []
        self._heads = (
            f"GET / HTTP/1.1\r\nHost: {host}\r\nCookie: a=".encode(),
            f"POST /charge HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9999\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\na=".encode(),
        )
        self._count = count

    def __enter__(self):
        self._lines = [self._begun(one) for one in range(self._count)]
        return self

    def __exit__(self, *_):
        for line in self._lines:
            line.close()

    def _begun(self, number):
        line = self._connect()
        line.sendall(self._heads[number % 2])
        return line

    def drip(self):
        """Send one more byte on each, and begin anew those that were hung up on; tells how many."""
        anew = 0
        for number, line in enumerate(self._lines):
            try:
                line.sendall(b"a")
            except OSError:
                line.close()
                self._lines[number] = self._begun(number)
                anew += 1
        return anew
