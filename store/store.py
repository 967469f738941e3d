"""Show the shelf, its products and the basket, and let the shopper change what is in it."""

import re
from itertools import zip_longest

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _

from store import errors, kept, languages
from store.cart import MAX_QUANTITY, Cart, CartError, Price
from store.catalogue import product, products

SHOP_NAME = "Little Monsoon"

store = Blueprint(
    "store",
    __name__,
    template_folder="templates",
    static_folder="assets",
    static_url_path="/assets",
)


errors.register(store)
languages.register(store)
kept.register(store, Price=Price)


@store.app_context_processor
def shop():
    """Give every page what the layout shows: the shop's name, the basket, and how prices read."""
    return {
        "shop_name": SHOP_NAME,
        "cart": Cart(),
        "Price": Price,
        "language": languages.language(),
        "languages": languages.LANGUAGES,
        "here": _here,
        "waiting_orders": waiting_orders,
        "orders_page": orders_page,
        "max_quantity": MAX_QUANTITY,
    }


def waiting_orders():
    """List this shopper's orders that are not paid yet, read once for a page."""
    if "waiting_orders" not in g:
        find = current_app.jinja_env.globals.get("payment_open_orders")
        g.waiting_orders = find() if find else []
    return g.waiting_orders


def orders_page():
    """Say where the shopper's orders are listed; None where the till has no such page."""
    endpoint = "checkout.orders"
    return url_for(endpoint) if endpoint in current_app.view_functions else None


@store.errorhandler(CartError)
def refuse(refusal):
    """Tell the shopper why the basket did not change, beside what is in it."""
    flash(str(refusal), "error")
    return redirect(url_for("store.cart"), code=303)


@store.route("/")
def index():
    """Show what is for sale."""
    return render_template("store/index.html", products=products())


@store.route("/products/<sku>")
def show(sku):
    """Show one product, with all that there is to say about it."""
    item = product(sku) or abort(404)
    return render_template("store/product.html", product=item)


@store.route("/add", methods=["POST"])
def add():
    """Put a product in the basket and go back to where it stood: on the shelf, or on its page."""
    sku = request.form.get("sku", "")
    Cart().add(sku, request.form.get("quantity", "1"))
    flash(_("%(name)s is in your basket.", name=product(sku).name), "added")
    if request.form.get("from") == "product":
        return redirect(url_for("store.show", sku=sku), code=303)
    return redirect(url_for("store.index", _anchor=sku), code=303)


@store.route("/cart")
def cart():
    """Show the basket, with what can be changed about it."""
    return render_template("store/cart.html")


@store.route("/cart/change", methods=["POST"])
def change():
    """Set how many of each product the shopper wants, as typed; one more or less of one, by its
    buttons."""
    wanted = _typed()
    for step, button in ((1, "more"), (-1, "less")):
        sku = request.form.get(button)
        if sku in wanted and re.fullmatch("[0-9]{1,3}", wanted[sku]):
            wanted[sku] = str(int(wanted[sku]) + step)
    cart = Cart()
    cart.change(wanted)
    total = Price(cart.total())
    flash(_("Your basket now comes to %(total)s.", total=total), "heard")
    return redirect(url_for("store.cart"), code=303)


@store.route("/cart/checkout", methods=["POST"])
def check_out():
    """Take the quantities that stand in the basket, and lead on to the till."""
    Cart().change(_typed())
    return redirect(url_for("checkout.check_out"), code=303)


def _typed():
    """Read the basket's form: a sku and a quantity for each line."""
    skus, quantities = request.form.getlist("sku"), request.form.getlist("quantity")
    return dict(zip_longest(skus, quantities, fillvalue=""))


@store.route("/cart/remove", methods=["POST"])
def remove():
    """Take one product out of the basket, which can be undone."""
    sku = request.form.get("remove", "")
    Cart().remove(sku)
    flash(_("Removed: %(name)s.", name=product(sku).name), _undo_or("heard"))
    return redirect(url_for("store.cart"), code=303)


@store.route("/cart/empty", methods=["POST"])
def empty():
    """Take everything out of the basket, which can be undone."""
    Cart().clear()
    flash(_("Your basket is empty now."), _undo_or("heard"))
    return redirect(url_for("store.cart"), code=303)


def _undo_or(category):
    return "undo" if session.get("removed") else category


@store.route("/cart/undo", methods=["POST"])
def undo():
    """Put back what was taken out last."""
    if Cart().put_back():
        flash(_("It is back in your basket."), "success")
    else:
        flash(_("There is nothing to put back. Your basket is as it was."), "message")
    return redirect(url_for("store.cart"), code=303)


@store.route("/language", methods=["POST"])
def choose_language():
    """Speak another language from now on, and show the same page in it."""
    chosen = request.form.get("language", "")
    if chosen in languages.LANGUAGES:
        languages.choose(chosen)
    back = request.form.get("back", "")
    # A path of this site's: no scheme, no host, and nothing that a browser reads as one.
    is_ours = re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", back)
    return redirect(back if is_ours else url_for("store.index"), code=303)


def _here():
    """Say which page is shown, so that a form can lead back to it; the shelf, for a form's answer
    or an error."""
    if request.method not in ("GET", "HEAD") or request.endpoint is None:
        return url_for("store.index")
    asked = request.query_string.decode("latin-1")
    path = request.script_root + request.path
    return f"{path}?{asked}" if asked else path


@store.route("/add")
@store.route("/language")
@store.route("/cart/change")
@store.route("/cart/checkout")
@store.route("/cart/remove")
@store.route("/cart/empty")
@store.route("/cart/undo")
def lead_back():
    """Lead on who opens a form's address as if it were a page, such as from a browser's history."""
    flash(_("Nothing was changed: that address only takes what a button sends."))
    is_basket = "/cart/" in request.url_rule.rule
    return redirect(url_for("store.cart" if is_basket else "store.index"), code=303)


@store.route("/favicon.ico")
def favicon():
    """Answer browsers that look for the icon at the root."""
    return store.send_static_file("favicon.ico")
