"""Read form fields with brackets."""

from urllib.parse import parse_qsl

DEEPEST = 8
DEEPEST_JSON = 100


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
