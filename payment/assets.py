"""Static files under addresses that change with what is in them, so that browsers keep them.

`url_for(".static", filename="payment.css")` gives `/payment/payment.css?v=` and a hash of the file.
Who asks for that very hash may keep the answer for good; any other address of the file is asked
about each time. Texts are compressed once, when the app starts.
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

_FOREVER = "public, max-age=31536000, immutable"
_TEXTS = (".css", ".js", ".svg", ".txt")
# What a stylesheet loads from beside it.
_LOADED = re.compile(r"""(url\(["']?)([\w./-]+)""")


class _Shared(Response):
    """An answer that any cache may keep: a cookie that something else wants to set is not for
    it."""

    def get_wsgi_headers(self, environ):
        headers = super().get_wsgi_headers(environ)
        headers.remove("Set-Cookie")
        return headers


@dataclass(frozen=True)
class _File:
    """One file; `text` and `packed` only where it is a text."""

    mark: str
    kind: str
    text: bytes | None = None
    packed: bytes | None = None


class Folder:
    """The static files of one blueprint."""

    def __init__(self, app: Flask, blueprint: str) -> None:
        self._app, self._endpoint = app, f"{blueprint}.static"
        self._root = Path(app.blueprints[blueprint].static_folder or "")
        self._plain: Callable[..., Any] = app.view_functions[self._endpoint]
        paths = [path for path in self._root.rglob("*") if path.is_file()]
        self._files = {
            str(path.relative_to(self._root).as_posix()): self._read(path)
            for path in paths
        }
        app.view_functions[self._endpoint] = self.serve
        app.url_default_functions.setdefault(blueprint, []).append(self._add_mark)

    def _read(self, path: Path) -> _File:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        body = path.read_bytes()
        if path.suffix == ".css":
            body = self._with_marks(body.decode(), path.parent).encode()
        mark = hashlib.sha256(body).hexdigest()[:16]
        if path.suffix not in _TEXTS:
            return _File(mark, kind)
        packed = gzip.compress(body, 9, mtime=0)
        return _File(mark, kind, body, packed if len(packed) < len(body) else None)

    def _with_marks(self, sheet: str, folder: Path) -> str:
        """Have what a stylesheet loads asked for under its hash, too."""

        def marked(found: re.Match[str]) -> str:
            path = folder / found[2]
            return (
                f"{found[0]}?v={self._read(path).mark}" if path.is_file() else found[0]
            )

        return _LOADED.sub(marked, sheet)

    def _find(self, name: str) -> _File | None:
        """Give a file as it was at the start, and while somebody works on it as it is."""
        known = self._files.get(name)
        return self._read(self._root / name) if known and self._app.debug else known

    def _add_mark(self, endpoint: str, values: dict[str, Any]) -> None:
        file = self._find(values["filename"]) if endpoint == self._endpoint else None
        if file:
            values.setdefault("v", file.mark)

    def serve(self, filename: str) -> Response:
        """Send a file, for good if it was asked for by its hash."""
        file = self._find(filename)
        if file is None or file.text is None:
            answer = self._app.make_response(self._plain(filename=filename))
        else:
            answer = _answer(file, file.text)
        if file and request.args.get("v") == file.mark:
            _Shared.force_type(answer)
            answer.headers["Cache-Control"] = _FOREVER
        return answer


def _answer(file: _File, text: bytes) -> Response:
    packs = file.packed and request.accept_encodings.quality("gzip") > 0
    answer = Response(file.packed if packs else text, mimetype=file.kind)
    answer.headers["Cache-Control"] = "no-cache"
    if file.packed:
        answer.vary.add("Accept-Encoding")
    if packs:
        answer.headers["Content-Encoding"] = "gzip"
    answer.set_etag(f"{file.mark}-gzip" if packs else file.mark)
    answer.make_conditional(request)
    return answer
