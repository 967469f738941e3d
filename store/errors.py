"""The shop's own pages for everything that goes wrong: what happened, and what to do."""

import logging

from flask import current_app, g, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

log = logging.getLogger(__name__)


def page(title, message, status):
    """Draw a page that says what went wrong, with the reference under which the log has it."""
    drawn = render_template(
        "error.html",
        title=title,
        message=message,
        link_href=url_for("store.index"),
        link_text=_("Back to the shop"),
    )
    return drawn, status


def form_refused(error):
    """Explain a form that came without a cookie, was too old, or came from elsewhere."""
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        return page(
            _("Your browser keeps no cookies"),
            _(
                "Nothing was changed and nothing was charged. Your basket lies in a cookie of this "
                "shop's, and your browser sent none: please allow cookies for this site, go back "
                "to the shop and try once more."
            ),
            400,
        )
    return page(
        _("That form had gone stale"),
        _(
            "Nothing was changed and nothing was charged by it. Your basket is kept: "
            "go back, load the page again and try once more."
        ),
        400,
    )


def http_error(error):
    """Put every HTTP error on a page of the shop's own."""
    if isinstance(error, SecurityError):
        return _foreign_name()
    of_an_order = request.blueprint == "checkout" or request.path.startswith("/orders/")
    if error.code == 404 and of_an_order:
        return page(
            _("We do not know this order"),
            _(
                "An order's address is long, and this one is not whole, or the order is too old "
                "to be kept. Nothing was changed and nothing was charged. Please open the link "
                "anew from where you kept it, such as the mail with your receipt."
            ),
            404,
        )
    title, message = _WORDS.get(error.code, _OF_ANY_OTHER)
    return page(title, message, error.code)


_WORDS = {
    400: (
        lazy_gettext("We could not read that"),
        lazy_gettext(
            "What your browser sent was broken on its way, so nothing was changed by it. "
            "Please go back, load the page again and try once more."
        ),
    ),
    404: (
        lazy_gettext("There is nothing here"),
        lazy_gettext(
            "The address may be mistyped, or what was here is not sold any more. Your basket is "
            "kept. All we have is on the shelf."
        ),
    ),
    405: (
        lazy_gettext("That address is not a page"),
        lazy_gettext(
            "It only takes what a button sends, so nothing was changed. Please go on from the "
            "shop."
        ),
    ),
    413: (
        lazy_gettext("That was too long"),
        lazy_gettext(
            "What was sent is longer than any form of this shop, so it was not read and nothing "
            "was changed. Please go back and send less."
        ),
    ),
}
_OF_ANY_OTHER = (
    lazy_gettext("That did not work"),
    lazy_gettext("Please go back to the shop and try from there."),
)


def _foreign_name():
    """Answer a request for a name that is not ours, without a link that would lead there."""
    asked = request.environ.get("HTTP_HOST", "")[:100]
    log.warning(
        "refused a request for the host %r: SERVER_NAME and TRUSTED_HOSTS name those that "
        "are answered",
        asked,
    )
    words = f"This shop does not go by that name. Reference {g.get('reference', '-')}\n"
    if current_app.config["PREFERRED_URL_SCHEME"] == "http":
        words += "If it should, set SERVER_NAME to it, or add it to TRUSTED_HOSTS.\n"
    return words, 400, {"Content-Type": "text/plain; charset=utf-8"}


def unexpected_error(error):
    """Log what went wrong; the shopper sees under which reference."""
    log.error("Unexpected error", exc_info=error)
    return page(
        _("Something went wrong on our side"),
        _(
            "If you had just paid, do not pay again: open your order page, it shows what "
            "Omise tells us. Otherwise nothing was charged and your basket is kept."
        ),
        500,
    )


def register(store):
    """Put these pages wherever something goes wrong in the app that the shop is in."""
    store.app_errorhandler(CSRFError)(form_refused)
    store.app_errorhandler(HTTPException)(http_error)
    store.record(_unless_testing)


def _unless_testing(state):
    if not state.app.testing:
        state.app.register_error_handler(Exception, unexpected_error)
