"""Find the line that a caller is on, and cut it: by a reset, or by an end without an answer."""

import errno
import os
import socket
import struct


def line_of(environ):
    """Find the socket that the caller is on."""
    line = environ.get("werkzeug.socket") or environ.get("gunicorn.socket")
    if line is None:
        raise RuntimeError("this server gives no socket away, so no line can be cut")
    return line


def cut(line, reset):
    """Cut a line; always raises ConnectionResetError, which ends what the server does with it."""
    if reset:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ours, other = socket.socketpair()
    other.close()
    # The server keeps a socket to read and write in vain; the caller's own ends here and now.
    os.dup2(ours.fileno(), line.fileno())
    ours.close()
    raise ConnectionResetError(errno.ECONNRESET, "cut by the fault plan")
