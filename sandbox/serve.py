"""Serve a sandbox by itself: for `python -m sandbox`, and for anyone's tests."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass

from werkzeug.serving import make_server

from .keys import PUBLIC_KEY, SECRET_KEY, WEBHOOK_SECRET
from .line import Line, Lines


class Server:
    """Listen on loopback with a thread for each line, and refuse all lines for a while if told."""

    def __init__(self, app, port=0):
        self._app = app
        app.extensions["sandbox_server"] = self
        self.refuses, self._pause = False, 0
        self._ended = threading.Event()
        self._open(port)

    def _open(self, port):
        self._server = make_server(
            "127.0.0.1", port, self._app, threaded=True, request_handler=Line
        )
        self._server.daemon_threads = True
        self._server.lines = Lines()
        self.port = self._server.server_port

    def run(self):
        """Serve until stop() or Ctrl-C, with pauses in which nobody listens."""
        while not self._ended.is_set():
            # It closes its socket at its end.
            self._server.serve_forever(poll_interval=0.05)
            pause, self._pause = self._pause, 0
            if not pause or self._ended.wait(pause):
                return
            self._open(self.port)
            self.refuses = False
        self._server.server_close()

    def refuse(self, seconds):
        """Listen to nobody for so long; idle lines are closed, and requests under way cut."""
        self.refuses, self._pause = True, seconds
        self._server.shutdown()
        self._server.server_close()
        self._server.lines.end()

    def stop(self):
        """End run()."""
        self._ended.set()
        self._server.shutdown()
        self._server.lines.end()


@dataclass(frozen=True)
class Running:
    """Hold what a client needs to reach a running sandbox; `url` ends in a slash."""

    url: str
    public_key: str = PUBLIC_KEY
    secret_key: str = SECRET_KEY
    webhook_secret: str = WEBHOOK_SECRET


@contextmanager
def serving(app, port=0):
    """Serve an app from a thread of this process until the block ends, and close its books."""
    server = Server(app, port)
    thread = threading.Thread(target=server.run, name="sandbox", daemon=True)
    thread.start()
    try:
        yield Running(f"http://127.0.0.1:{server.port}/")
    finally:
        server.stop()
        thread.join(timeout=10)
        app.extensions["sandbox_postman"].stop()
        app.extensions["sandbox"].close()
