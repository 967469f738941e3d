"""Speak HTTP/1.1 on one line, request after request, until one side is done with it.

Werkzeug's own handler closes every line behind its answer, and Omise does not. How long Omise keeps
an idle one is not recorded; 75 seconds is what nginx, which answers for it, does unless told.
Only ``serve.py`` and tests import this.
"""

import io
import socket
import threading
from contextlib import closing, suppress

from werkzeug.serving import WSGIRequestHandler

from .faults.cutting import cut

IDLE_SECONDS = 75
# What a caller may still be sending when its answer has left, and for how long we listen to it.
_MOST_UNREAD = 64 * 1024 * 1024
_LISTENS = 2


class Lines:
    """Know which lines wait for a request, and end them when the server does."""

    def __init__(self):
        self._lock, self._idle, self.ended = threading.Lock(), set(), False

    def waits(self, line):
        """Note that a line waits; False when it is not to wait any more."""
        with self._lock:
            if not self.ended:
                self._idle.add(line)
            return not self.ended

    def works(self, line):
        """Note that a line waits no longer."""
        with self._lock:
            self._idle.discard(line)

    def end(self):
        """Close the lines that wait; the others close behind their answers."""
        with self._lock:
            self.ended = True
            for line in self._idle:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)


class Line(WSGIRequestHandler):
    """Answer the requests of one line; the application finds it as environ["sandbox.line"]."""

    protocol_version = "HTTP/1.1"
    # Head and body leave apart, and a kept line would make the second wait for the first's receipt.
    disable_nagle_algorithm = True
    _patience, _resets = None, False

    def log(self, type, message, *args):
        """Say nothing about requests that were answered."""

    def reset_when_used(self):
        """Cut this line by a reset when the next request comes."""
        self._resets = True

    def close_when_idle(self, seconds):
        """Close this line when the next request does not come within so many seconds."""
        self._patience = seconds

    def handle_one_request(self):
        """Wait for a request, and answer it; or close the line."""
        if not self._is_asked():
            self.close_connection = True
            return
        if self._resets:
            cut(self.connection, reset=True)
        super().handle_one_request()

    def _is_asked(self):
        """Wait until a request begins; False when none does, or the server ends."""
        seconds, self._patience = self._patience or IDLE_SECONDS, None
        if self._read_ahead():
            return True
        if not self.server.lines.waits(self.connection):
            return False
        self.connection.settimeout(seconds)
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK))
        except OSError:
            return False
        finally:
            self.server.lines.works(self.connection)
            self.connection.settimeout(None)

    def _read_ahead(self):
        """Tell whether more was read already than the last request took."""
        self.connection.setblocking(False)
        try:
            return bool(self.rfile.peek(1))
        finally:
            self.connection.setblocking(True)

    def run_wsgi(self):
        """Answer one request, and leave the line ready for the next."""
        environ = self.environ = self.make_environ()
        environ["sandbox.line"] = self
        try:
            body = environ["wsgi.input"] = _body_of(environ)
        except ValueError:
            self.send_error(400, "Bad Content-Length")
            return
        reply = _Reply(self)
        try:
            with closing(self.server.app(environ, reply.start)) as said:
                for each in said:
                    reply.write(each)
                reply.end()
        except ConnectionError:
            raise
        except Exception as problem:
            super().log("error", "%s could not be answered: %r", self.path, problem)
            self.close_connection = True
            if not reply.has_left:
                self.send_error(500)
        if not self._is_drained(body):
            self.close_connection = True

    def _is_drained(self, body):
        """Read what nobody read of a request, so that the next one begins behind it."""
        left = _MOST_UNREAD
        self.connection.settimeout(_LISTENS)
        try:
            while left > 0 and (more := body.read(min(left, 65536))):
                left -= len(more)
            return body.read(1) == b""
        except OSError:
            return False
        finally:
            self.connection.settimeout(None)


class _Body(io.RawIOBase):
    """The body of one request, which ends where its Content-Length says."""

    def __init__(self, line, length):
        self._line, self._left = line, length

    def readable(self):
        return True

    def readinto(self, buffer):
        said = self._line.read1(min(len(buffer), self._left)) if self._left else b""
        buffer[: len(said)] = said
        self._left -= len(said)
        if self._left and not said:
            raise ConnectionResetError("the line ended within a request")
        return len(said)


def _body_of(environ):
    """Give what a request sends as a stream of its own; in chunks, it ends by itself."""
    if environ.get("wsgi.input_terminated"):
        environ.pop("CONTENT_LENGTH", None)
        return environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        raise ValueError(length)
    return _Body(environ["wsgi.input"], int(length))


class _Reply:
    """One answer on its way: its head, and its body in the form that the head announces."""

    def __init__(self, line):
        self._line, self.has_left, self._told = line, False, None
        self._is_bare, self._in_chunks, self._left = False, False, None

    def start(self, status, headers, exc_info=None):
        """Note the head of the answer, as WSGI says."""
        if exc_info and self.has_left:
            raise exc_info[1].with_traceback(exc_info[2])
        self._told = status, headers
        return self.write

    def write(self, data):
        """Send a piece of the body, and the head before the first."""
        if not self.has_left:
            self._send_head()
        if not data or self._is_bare:
            return
        if self._in_chunks:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        elif self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        self._line.wfile.write(data)

    def end(self):
        """Send what ends the answer."""
        self.write(b"")
        if self._in_chunks:
            self._line.wfile.write(b"0\r\n\r\n")
        if self._left and not self._is_bare:
            # It promised more than it said, so nobody could tell where the next one begins.
            self._line.close_connection = True

    def _send_head(self):
        status, headers = self._told
        line, (code, _, reason) = self._line, status.partition(" ")
        named = {name.lower(): value for name, value in headers}
        self._is_bare = line.command == "HEAD" or code in ("204", "304") or code < "200"
        length = named.get("content-length")
        self._left = None if length is None else int(length)
        unmeasured = self._left is None and not self._is_bare
        self._in_chunks = unmeasured and line.request_version != "HTTP/1.0"
        ends = (unmeasured and not self._in_chunks) or line.server.lines.ended
        line.send_response_only(int(code), reason)
        said = {"server": line.version_string, "date": line.date_time_string}
        more = [(name, said[name]()) for name in said.keys() - named.keys()]
        for name, value in [*more, *headers]:
            line.send_header(name, value)
        if self._in_chunks:
            line.send_header("Transfer-Encoding", "chunked")
        # Told to send_header, this also decides what becomes of the line.
        keeps = not (line.close_connection or ends)
        line.send_header("Connection", "keep-alive" if keeps else "close")
        line.end_headers()
        self.has_left = True
