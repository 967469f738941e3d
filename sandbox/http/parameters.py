"""Read what a caller sent: a query, form fields with brackets, or JSON."""

import json
from urllib.parse import parse_qsl

from flask import g, request

from ..rules.refusals import Refused

DEEPEST = 8
DEEPEST_JSON = 100


def params():
    """Read what the caller sent, from the query, a form or JSON, whatever the verb."""
    if "sandbox_params" not in g:
        g.sandbox_params = {
            **nested(parsed(request.query_string)),
            **_body_params(),
        }
    return g.sandbox_params


def _body_params():
    """Read the body alone."""
    if request.mimetype == "multipart/form-data":
        return nested(request.form.items(multi=True))
    raw = request.get_data(cache=True)
    if not raw.strip():
        return {}
    if not request.is_json and not raw.lstrip().startswith(b"{"):
        return nested(parsed(raw))
    try:
        body = json.loads(raw)
        # Python reads NaN and half a surrogate pair, but no answer could repeat them.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise Refused("bad_request", "request body is not valid JSON") from None
    if body is None:
        # omise-node sends this where there is nothing to say, as in a full capture.
        return {}
    if not isinstance(body, dict) or is_deep(body):
        raise Refused("bad_request", "request body should be a JSON hash")
    return body


def parsed(raw):
    """Read urlencoded bytes as pairs, in their order: repeated brackets lean on it."""
    return parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)


def nested(pairs):
    """Turn ``metadata[order_id]=7`` and ``items[][sku]=a`` into hashes and lists."""
    tree = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        _plant(tree, [head, *rest][:DEEPEST], value)
    return tree


def _plant(tree, path, value):
    """Put one value where its path says; the last of a repeated name wins."""
    head, *rest = path
    if not rest:
        tree[head] = value
        return
    if rest[0] == "":
        _append(tree, head, rest[1:], value)
        return
    if not isinstance(tree.get(head), dict):
        tree[head] = {}
    _plant(tree[head], rest, value)


def _append(tree, head, rest, value):
    """Add to a list, starting a new element once a key of the last one repeats."""
    if not isinstance(tree.get(head), list):
        tree[head] = []
    elements = tree[head]
    if not rest:
        elements.append(value)
        return
    fresh = (
        not elements or not isinstance(elements[-1], dict) or rest[0] in elements[-1]
    )
    if fresh:
        elements.append({})
    _plant(elements[-1], rest, value)


def is_deep(value):
    """Tell whether hashes and lists are nested deeper than drawing and searching can follow."""
    level = [value]
    for _ in range(DEEPEST_JSON):
        nests = [each for each in level if isinstance(each, dict | list)]
        level = [inner for nest in nests for inner in _inside(nest)]
    return bool(level)


def _inside(nest):
    return nest.values() if isinstance(nest, dict) else nest
