"""Know where this sandbox is reached, and give drawing what it may look at."""

from urllib.parse import urlsplit

from flask import current_app, request

from ..books import books
from ..draw.sight import Sight


def base_url():
    """Tell the absolute address of the sandbox, ending in a slash."""
    configured = current_app.config["SANDBOX_BASE_URL"]
    if configured:
        return configured
    return request.url_root if request else "http://localhost/"


def path_of(path):
    """Put the mount's prefix before a path: clients join `location` with their base."""
    if request:
        return request.root_path.rstrip("/") + path
    return urlsplit(base_url()).path.rstrip("/") + path


def sight():
    """Give drawing its view of the books as they are now, of the clock and of this mount."""
    kept = books()
    return Sight(
        find=kept.find,
        below=kept.below,
        page=kept.page,
        now=kept.now(),
        settings=kept.settings(),
        base_url=base_url(),
        mount=path_of(""),
    )
