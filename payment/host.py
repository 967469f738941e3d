"""Where the checkout blueprint meets the app that it is registered on: forms, headers, words for
templates."""

from functools import wraps

from flask import Blueprint, current_app, g, redirect, request
from flask_wtf.csrf import CSRFError, generate_csrf, validate_csrf
from wtforms import ValidationError

from . import (
    address,
    assets,
    body,
    layout,
    money,
    orderform,
    orderpage,
    pan,
    policy,
    words,
)
from .orders import queries
from .orders.transaction import OrdersUnavailable
from .settings import SettingError

# A bank may send a shopper back by a form of its own.
_POSTED_BY_OTHERS = "order"
# A form that was used before leads to its order even without its session: it is checked here.
_CHECKED_HERE = "charge"
# Where Omise.js is; a form that was not taken is shown again by what refused it.
_PAYMENT_PAGES = ("check_out", "pay", "charge")


def join(checkout: Blueprint) -> None:
    """Let a blueprint fit in wherever it is registered, under whatever name and prefix."""
    checkout.record(_meet)
    checkout.url_value_preprocessor(_bound)
    checkout.url_value_preprocessor(_exempt)
    checkout.before_app_request(_look_at_routes)
    checkout.before_request(pan.watch)
    checkout.before_request(_refuse_forged_forms)
    checkout.before_request(_challenge)
    checkout.context_processor(_words)
    checkout.after_request(_keep_private)


def _meet(state):
    here = state.app.extensions.get("payment")
    if here is None:
        raise SettingError(
            "Call payment.init_app(app, cart=...) before app.register_blueprint(checkout)."
        )
    layout.check(state.app)
    here.endpoint = f"{state.name_prefix}.{state.name}".lstrip(".")
    here.routes.check(here.endpoint)
    assets.Folder(state.app, here.endpoint)
    _tell_policies(state.app, here.endpoint)
    state.app.jinja_env.globals["payment_open_orders"] = _open_orders


def _look_at_routes():
    current_app.extensions["payment"].routes.check_once_complete()


def _open_orders():
    """List this shopper's orders that wait, for pages of the host's, which need no order book."""
    try:
        return orderpage.told(orderpage.open_orders())
    except OrdersUnavailable:
        return []


def _tell_policies(app, blueprint):
    """Tell Talisman, where a host has it, what each page of payment's must be allowed."""
    of_payment = policy.of_payment_page(app.config)
    of_order = policy.of_order_page(app.config)
    payment_pages = [f"{blueprint}.{name}" for name in _PAYMENT_PAGES]
    for endpoint, view in app.view_functions.items():
        if endpoint.rpartition(".")[0] == blueprint:
            page = of_payment if endpoint in payment_pages else of_order
            app.view_functions[endpoint] = _with_policy(view, page)


def _with_policy(view, page):
    @wraps(view)
    def payment_page(**values):
        return view(**values)

    payment_page.talisman_view_options = {"content_security_policy": page}
    return payment_page


def _bound(endpoint, values):
    """Bound every form, before a CSRFProtect of the host's parses it."""
    body.bound_form()


def _exempt(endpoint, values):
    """Keep a host's CSRFProtect from the bank's return and the order form, before it looks at
    them."""
    csrf = current_app.extensions.get("csrf")
    name = endpoint.rsplit(".", 1)[-1] if endpoint else None
    if csrf and name in (_POSTED_BY_OTHERS, _CHECKED_HERE):
        csrf.exempt(current_app.view_functions[endpoint])


def _refuse_forged_forms():
    """Check every form of payment's own, with or without a CSRFProtect of the host's.

    One that was used before leads to its order, whoever posts it again: that changes nothing.
    """
    by_others = request.endpoint.rsplit(".", 1)[-1] == _POSTED_BY_OTHERS
    unchecked = current_app.config.get("WTF_CSRF_ENABLED") is False
    if request.method != "POST" or by_others or unchecked or g.get("csrf_valid"):
        return None
    try:
        _check_token()
    except CSRFError:
        form_id = orderform.form_id_of(request.form)
        attempt = queries.find_attempt_of_form(form_id) if form_id else None
        if attempt is None:
            raise
        return redirect(address.order_page(attempt.order_id), 303)
    return None


def _challenge():
    """Let the host ask for more before a payment, such as a CAPTCHA (PAYMENT_CHALLENGE)."""
    challenge = current_app.config["PAYMENT_CHALLENGE"]
    is_payment = request.endpoint.rsplit(".", 1)[-1] == _CHECKED_HERE
    return challenge() if challenge and is_payment else None


def _check_token():
    csrf = current_app.extensions.get("csrf")
    if csrf:
        csrf.protect()
        return
    try:
        validate_csrf(request.form.get(_csrf_field()))
    except ValidationError as error:
        raise CSRFError(error.args[0]) from error


def _csrf_field():
    """Name the field that carries the token, as the host's own forms do."""
    return current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token")


def _words():
    return {
        "layout": current_app.config["PAYMENT_LAYOUT"],
        "home": address.home(),
        "money": money.money,
        "clock": money.clock,
        "say": words.say,
        "say_number": words.say_number,
        "words_in": words.language(),
        "csrf_field": _csrf_field(),
        "csrf_token": generate_csrf,
    }


def _keep_private(response):
    """Keep payment pages out of every cache, and let Omise's form speak with a wallet's window."""
    page = request.endpoint.rsplit(".", 1)[-1]
    if page != "static":
        response.headers["Cache-Control"] = "no-store"
    if page in _PAYMENT_PAGES:
        allowed = "same-origin-allow-popups"
        response.headers.setdefault("Cross-Origin-Opener-Policy", allowed)
    return response
