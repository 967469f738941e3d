"""Draw what all shoppers see alike once, and keep it: parts of pages in templates of their own.

`kept("store/shelf.html", products=...)` draws such a template from these values, its locale and the
shop's currency alone. Whoever shops is not among them, so nothing of a session may be drawn there:
no token, no basket, no order.
"""

from functools import lru_cache

from flask import current_app, request
from markupsafe import Markup

from store.languages import locale

# Parts that are kept, by each process; those that nobody has asked for longest go first. Thrice
# what the shop can have: each of its products, in each quantity, in each language.
_MOST = 3 * 8 * 99 * 3


def register(blueprint, **helpers):
    """Give templates `kept()`; `helpers` are what the parts call, such as what writes a price."""
    blueprint.record_once(lambda state: _serve(state.app, helpers))


def _serve(app, helpers):
    def draw(template, locale, currency, root, values):
        part = app.jinja_env.get_template(template)
        return Markup(part.render(helpers | dict(values), currency=currency))

    drawn = lru_cache(maxsize=_MOST)(draw)

    def kept(template, **values):
        # While somebody works on the templates, each is drawn as it is.
        give = draw if app.jinja_env.auto_reload else drawn
        currency, root = current_app.config["STORE_CURRENCY"], request.script_root
        return give(template, locale(), currency, root, tuple(values.items()))

    app.extensions["kept"] = drawn
    app.jinja_env.globals["kept"] = kept
