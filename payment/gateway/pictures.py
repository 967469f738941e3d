"""The pictures of codes that were fetched, so that each is fetched once."""

from collections import OrderedDict
from threading import Lock

from . import http

# Pictures of a process; a code is some kilobytes.
_KEPT, _LARGEST = 256, 256 * 1024


class Pictures:
    """Keep the newest pictures of codes in memory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
        self._lock = Lock()

    def get(self, uri: str) -> tuple[bytes, str]:
        """Give a picture and its type, fetching it the first time. Raises GatewayError."""
        with self._lock:
            if uri in self._kept:
                self._kept.move_to_end(uri)
                return self._kept[uri]
        picture = http.fetch_picture(uri)
        if len(picture[0]) <= _LARGEST:
            with self._lock:
                self._kept[uri] = picture
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return picture
