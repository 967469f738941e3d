"""Say what is for sale and for how much.

Prices are whole numbers of the currency's smallest unit, as Omise takes them (`charges-api`):
satang for THB, sen for MYR, cents for SGD, yen as they are. Each is above Omise's least charge.
"""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _


@dataclass(frozen=True)
class Product:
    """Describe one thing on the shelf; `prices` maps a currency to an int of its smallest unit.

    Its words are lazy: each page says them in its own language.
    """

    sku: str
    name: str
    blurb: str
    alt: str
    prices: dict

    @property
    def picture(self):
        """Name its picture among the shop's assets."""
        return f"pictures/{self.sku}.svg"


def products():
    """List what is for sale, in the order of the shelf."""
    return _PRODUCTS


def product(sku):
    """Find one product, or None if we do not sell it."""
    return _BY_SKU.get(sku)


_PRODUCTS = (
    Product(
        sku="cloud-oolong",
        name=_("Cloud oolong"),
        blurb=_("High-mountain leaves, rolled by hand. Orchid, then butter."),
        alt=_("A dark blue tea tin with a label of clouds over mountains"),
        prices={"THB": 320_00, "JPY": 1_400, "SGD": 12_90, "MYR": 42_00},
    ),
    Product(
        sku="celadon-cup",
        name=_("Celadon cup"),
        blurb=_("Jade glaze from Chiang Mai, crackled like thin ice."),
        alt=_("A round pale green cup with steam rising from it"),
        prices={"THB": 490_00, "JPY": 2_200, "SGD": 19_80, "MYR": 65_00},
    ),
    Product(
        sku="monsoon-notebook",
        name=_("Monsoon notebook"),
        blurb=_("Thread-bound, 120 pages that do not mind a wet pen."),
        alt=_("A red thread-bound notebook with a pattern of slanting rain"),
        prices={"THB": 240_00, "JPY": 1_080, "SGD": 9_80, "MYR": 32_00},
    ),
    Product(
        sku="rain-ink",
        name=_("Rain ink"),
        blurb=_("A blue-grey that dries the colour of wet slate."),
        alt=_("A square glass bottle of blue ink with a drop above it"),
        prices={"THB": 390_00, "JPY": 1_750, "SGD": 15_80, "MYR": 52_00},
    ),
    Product(
        sku="little-teapot",
        name=_("Little teapot"),
        blurb=_("Red clay, side handle, two cups and a bit."),
        alt=_("A small round teapot of red clay with a side handle"),
        prices={"THB": 1_290_00, "JPY": 5_800, "SGD": 52_00, "MYR": 172_00},
    ),
    Product(
        sku="bamboo-whisk",
        name=_("Bamboo whisk"),
        blurb=_("Eighty fine tines, for matcha with a proper foam."),
        alt=_("A bamboo tea whisk standing beside a bowl of green matcha"),
        prices={"THB": 650_00, "JPY": 2_900, "SGD": 26_00, "MYR": 86_00},
    ),
    Product(
        sku="cedar-pencils",
        name=_("Cedar pencils"),
        blurb=_("Three soft ones in lacquer red, moss and indigo."),
        alt=_("Three pencils in red, green and blue, tied with a paper band"),
        prices={"THB": 180_00, "JPY": 800, "SGD": 7_20, "MYR": 24_00},
    ),
    Product(
        sku="umbrella-tote",
        name=_("Umbrella tote"),
        blurb=_("Stout canvas with a loop that holds a folded umbrella."),
        alt=_("A canvas bag printed with an open red umbrella"),
        prices={"THB": 450_00, "JPY": 2_000, "SGD": 18_00, "MYR": 59_00},
    ),
)

_BY_SKU = {item.sku: item for item in _PRODUCTS}
