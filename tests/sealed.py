"""End TLS before an Omise of this machine, as Omise's own edge does, and break off as rudely."""

import socket
import ssl
import threading
from contextlib import closing, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer

from certificate import make_certificate


class Sealed:
    """Take TLS connections and hand what they say to a server behind, byte by byte.

    Where that breaks off, the connection ends without TLS's word of farewell: for its client, that
    is an error of TLS, at whatever moment.
    """

    def __init__(self, folder, behind):
        self.certificate, key = make_certificate(folder, "127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._server = _Server(("127.0.0.1", 0), _Passing)
        self._server.context, self._server.behind = context, behind
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}/"
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.1,))

    def __enter__(self):
        self._serving.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Say nothing: lines that break are what this is for."""


class _Passing(BaseRequestHandler):
    def handle(self):
        """Pass on what comes from either side until one of them ends."""
        with (
            closing(socket.create_connection(self.server.behind, 5)) as plain,
            self.server.context.wrap_socket(
                self.request, server_side=True, suppress_ragged_eofs=True
            ) as sealed,
        ):
            for line in (plain, sealed):
                line.settimeout(60)
            asking = threading.Thread(target=_pass, args=(sealed, plain), daemon=True)
            asking.start()
            _pass(plain, sealed)
            # Both ends at once, for who reads as well as for who writes.
            for line in (plain, sealed):
                with suppress(OSError):
                    socket.socket.shutdown(line, socket.SHUT_RDWR)
            asking.join()


def _pass(here, there):
    with suppress(OSError):
        while said := here.recv(65536):
            there.sendall(said)
        if isinstance(there, ssl.SSLSocket):
            return
        there.shutdown(socket.SHUT_WR)
