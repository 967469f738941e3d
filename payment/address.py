"""Where the shop is, for links that leave it: from the settings, and never from what a browser
says."""

from flask import current_app, request, url_for


def external(path: str) -> str:
    """Make a path of this app the address that Omise and banks send shoppers back to."""
    config = current_app.config
    return f"{config['PREFERRED_URL_SCHEME']}://{config['SERVER_NAME']}{path}"


def order_page(order_id: str) -> str:
    """Give the path of an order's page, from any page of the host's, or from no page at all."""
    endpoint = current_app.extensions["payment"].endpoint
    return url_for(f"{endpoint}.show", order_id=order_id, _external=False)


def home() -> str:
    """Give the path of the host's first page."""
    endpoint = current_app.config["PAYMENT_HOME_ENDPOINT"]
    return url_for(endpoint) if endpoint else f"{request.script_root}/"
