"""Speak HTTP by hand, as no well-behaved client does."""

import re
import socket


def head(method, path, host, *lines):
    """Write the head of a request."""
    first = (f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close")
    return "\r\n".join([*first, *lines, "", ""]).encode()


def chunked(*pieces):
    """Write a body in chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in [*pieces, b""])


def _is_whole(answer):
    """Tell whether an answer has arrived; some servers go on reading before they close."""
    lines, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", lines)
    return bool(length) and len(body) >= int(length[1])


def say(port, sent, *, hang_up=False, seconds=20):
    """Send bytes and give the answer's status and text; hang up after the last byte if asked to.

    What a server answers before it has read everything counts, too.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as line:
        try:
            line.sendall(sent)
            if hang_up:
                line.shutdown(socket.SHUT_WR)
        except OSError:  # it has answered and closed already
            pass
        answer = b""
        try:
            while not _is_whole(answer) and (piece := line.recv(65536)):
                answer += piece
        except ConnectionResetError:
            pass
    status = int(answer.split(b" ", 2)[1]) if answer else None
    return status, answer.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")
