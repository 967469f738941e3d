"""The pictures of codes that were fetched, so that each is fetched once."""

import time
from collections import OrderedDict
from threading import Lock

from . import http
from .errors import GatewayError, NothingSent

# Pictures of a process; a code is some kilobytes.
_KEPT, _LARGEST = 256, 256 * 1024
# Seconds in which a picture that could not be fetched is not tried again, whoever looks.
_REST = 2


class Pictures:
    """Keep the newest pictures of codes in memory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
        self._failed: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()

    def get(self, uri: str) -> tuple[bytes, str]:
        """Give a picture and its type, fetching it the first time. Raises GatewayError."""
        with self._lock:
            if uri in self._kept:
                self._kept.move_to_end(uri)
                return self._kept[uri]
            if int(time.monotonic()) - self._failed.get(uri, -_REST) < _REST:
                raise NothingSent("it could not be fetched a moment ago", reads=True)
        try:
            picture = http.fetch_picture(uri)
        except GatewayError:
            self._rest(uri)
            raise
        if len(picture[0]) <= _LARGEST:
            with self._lock:
                self._kept[uri] = picture
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return picture

    def _rest(self, uri: str) -> None:
        with self._lock:
            self._failed[uri] = int(time.monotonic())
            while len(self._failed) > _KEPT:
                self._failed.popitem(last=False)
