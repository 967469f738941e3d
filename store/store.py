"""Show the shelf and the basket, and let the shopper change what is in it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for

from store import errors, languages
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


@store.app_context_processor
def shop():
    """Give every page what the layout shows: the shop's name, the basket, and how prices read."""
    return {
        "shop_name": SHOP_NAME,
        "cart": Cart(),
        "Price": Price,
        "language": languages.language(),
        "languages": languages.LANGUAGES,
    }


@store.errorhandler(CartError)
def refuse(refusal):
    """Tell the shopper why the basket did not change, beside what is in it."""
    flash(str(refusal), "error")
    return redirect(url_for("store.cart"), code=303)


@store.route("/")
def index():
    """Show what is for sale."""
    return render_template("store/index.html", products=products())


@store.route("/add", methods=["POST"])
def add():
    """Put a product in the basket and go back to where it stood on the shelf."""
    sku = request.form.get("sku", "")
    Cart().add(sku, request.form.get("quantity", "1"))
    flash(f"{product(sku).name} is in your basket.", "success")
    return redirect(url_for("store.index", _anchor=sku), code=303)


@store.route("/cart")
def cart():
    """Show the basket, with what can be changed about it."""
    return render_template("store/cart.html", max_quantity=MAX_QUANTITY)


@store.route("/cart/change", methods=["POST"])
def change():
    """Set how many of one product the shopper wants."""
    Cart().change(request.form.get("sku", ""), request.form.get("quantity", ""))
    return redirect(url_for("store.cart"), code=303)


@store.route("/cart/remove", methods=["POST"])
def remove():
    """Take one product out of the basket."""
    Cart().remove(request.form.get("sku", ""))
    return redirect(url_for("store.cart"), code=303)


@store.route("/cart/empty", methods=["POST"])
def empty():
    """Take everything out of the basket."""
    Cart().empty()
    return redirect(url_for("store.cart"), code=303)


@store.route("/favicon.ico")
def favicon():
    """Answer browsers that look for the icon at the root."""
    return store.send_static_file("favicon.ico")
