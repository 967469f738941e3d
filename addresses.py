"""Build an address that stays the same only once: what templates ask `url_for` for."""

from functools import lru_cache

from flask import Flask, request


def init_app(app: Flask) -> None:
    """Have pages, forms and static files found at once; an address with an id is built each
    time."""
    if app.debug:  # files change, and so do the addresses that have their hashes
        return

    @lru_cache(maxsize=1024)
    def kept(endpoint: str, root: str, filename: str | None) -> str:
        return app.url_for(endpoint, **({"filename": filename} if filename else {}))

    def url_for(endpoint: str, **values) -> str:
        if values and values.keys() != {"filename"} or not request:
            return app.url_for(endpoint, **values)
        if endpoint.startswith("."):
            endpoint = (request.blueprint or "") + endpoint
        return kept(endpoint, request.script_root, values.get("filename"))

    app.jinja_env.globals["url_for"] = url_for
