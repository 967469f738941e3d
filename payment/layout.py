"""What payments need of a host's pages: one layout template with three blocks, and a way home."""

import re

from flask import Flask
from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError, nodes

from .settings import SettingError

BLOCKS = ("title", "head", "content")
# Jinja's own (template designer documentation), without the "end" of those that have one.
_OWN_TAGS = (
    *(
        "autoescape",
        "block",
        "call",
        "elif",
        "else",
        "extends",
        "filter",
        "for",
        "from",
    ),
    *("if", "import", "include", "macro", "print", "raw", "set", "with"),
)


def check(app: Flask) -> None:
    """Refuse a layout that is not there or has no room for payment's pages.

    Runs when the blueprint `checkout` is registered: what other blueprints bring must be
    registered before it. Raises SettingError.
    """
    name = app.config["PAYMENT_LAYOUT"]
    try:
        blocks = _blocks(app.jinja_env, name)
    except TemplateNotFound as error:
        raise SettingError(
            f"PAYMENT_LAYOUT is {name!r}, and there is no template {error.name!r}: write it with "
            f"the blocks {', '.join(BLOCKS)}, or set PAYMENT_LAYOUT to the one that your pages "
            "extend; a blueprint that brings it is registered before checkout."
        ) from error
    except TemplateSyntaxError as error:
        if not _may_be_read_later(error):
            raise SettingError(
                f"PAYMENT_LAYOUT {name!r} cannot be read by Jinja ({error.name}, line "
                f"{error.lineno}: {(error.message or '').rstrip('.')}): mend it."
            ) from error
        blocks = set(BLOCKS)
    except RuntimeError:  # compiled templates: the page itself will say
        blocks = set(BLOCKS)
    missing = [block for block in BLOCKS if block not in blocks]
    if missing:
        raise SettingError(
            f"PAYMENT_LAYOUT {name!r} lacks the block {', '.join(missing)}: payment's pages are "
            f"written into its blocks {', '.join(BLOCKS)}."
        )
    home = app.config["PAYMENT_HOME_ENDPOINT"]
    if home and home not in app.view_functions:
        raise SettingError(
            f"PAYMENT_HOME_ENDPOINT is {home!r}, and no view has that name: name one as `flask "
            "routes` does, and register it before checkout."
        )


def _may_be_read_later(error: TemplateSyntaxError) -> bool:
    """Tell whether a template has a tag of an extension of Jinja's, which may come later."""
    unknown = re.match(r"Encountered unknown tag '(\w+)'", error.message or "")
    return unknown is not None and unknown[1].removeprefix("end") not in _OWN_TAGS


def _blocks(jinja: Environment, name: str) -> set[str]:
    """List the blocks of a template and of those that it extends. Raises TemplateNotFound."""
    if jinja.loader is None:
        raise TemplateNotFound(name)
    tree = jinja.parse(jinja.loader.get_source(jinja, name)[0], name)
    found = {block.name for block in tree.find_all(nodes.Block)}
    for parent in tree.find_all(nodes.Extends):
        if not isinstance(parent.template, nodes.Const):
            return found | set(BLOCKS)  # which one, only the page itself will know
        found |= _blocks(jinja, parent.template.value)
    return found
