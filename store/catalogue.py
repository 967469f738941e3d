"""Say what is for sale and for how much.

Prices are whole numbers of the currency's smallest unit, as Omise takes them (`charges-api`):
satang for THB, sen for MYR, cents for SGD, yen as they are. Each is above Omise's least charge.
"""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _


@dataclass(frozen=True, eq=False)
class Product:
    """Describe one thing on the shelf; `prices` maps a currency to an int of its smallest unit.

    Its words are lazy: each page says them in its own language. `kind` says what it is, `story`
    more of it. What is `sold_out` stays on the shelf, and can be neither picked out nor paid.
    """

    sku: str
    name: str
    kind: str
    blurb: str
    story: str
    alt: str
    prices: dict
    sold_out: bool = False

    @property
    def picture(self):
        """Name its picture among the shop's assets."""
        return f"pictures/{self.sku}.svg"


def products():
    """List what is for sale, in the order of the shelf."""
    return tuple(_BY_SKU.values())


def product(sku):
    """Find one product, or None if we do not sell it."""
    return _BY_SKU.get(sku)


_PRODUCTS = (
    Product(
        sku="cloud-oolong",
        name=_("Cloud oolong"),
        kind=_("Oolong tea, 80 g in a tin"),
        blurb=_("High-mountain leaves, rolled by hand. Orchid, then butter."),
        story=_(
            "Grown above 1,200 metres, where the clouds do the watering. The leaves "
            "are rolled by hand and open slowly: take a spoonful, water just off the "
            "boil, and pour it five or six times. The first cup smells of orchids, "
            "the last one of warm butter. The tin closes tightly and is good for many "
            "refills."
        ),
        alt=_("A dark blue tea tin with a label of clouds over mountains"),
        prices={"THB": 320_00, "JPY": 1_400, "SGD": 12_90, "MYR": 42_00},
    ),
    Product(
        sku="celadon-cup",
        name=_("Celadon cup"),
        kind=_("Stoneware cup, 180 ml"),
        blurb=_("Jade glaze from Chiang Mai, crackled like thin ice."),
        story=_(
            "Thrown and glazed by a family in Chiang Mai who have done little else "
            "for three generations. Wood ash makes the green, and the kiln makes the "
            "cracks, so that no two cups have the same. They are in the glaze alone: "
            "the cup is tight. It is happy in a dishwasher, and warm in the hand."
        ),
        alt=_("A round pale green cup with steam rising from it"),
        prices={"THB": 490_00, "JPY": 2_200, "SGD": 19_80, "MYR": 65_00},
    ),
    Product(
        sku="monsoon-notebook",
        name=_("Monsoon notebook"),
        kind=_("Notebook, A5, 120 pages"),
        blurb=_("Thread-bound, 120 pages that do not mind a wet pen."),
        story=_(
            "Sewn with red thread, so that it lies flat wherever you open it. The "
            "paper is heavy enough for fountain pens and light enough for a bag; rain "
            "on the cover dries and leaves no mark. Every page is blank: lines are "
            "what you make of it."
        ),
        alt=_("A red thread-bound notebook with a pattern of slanting rain"),
        prices={"THB": 240_00, "JPY": 1_080, "SGD": 9_80, "MYR": 32_00},
    ),
    Product(
        sku="rain-ink",
        name=_("Rain ink"),
        kind=_("Fountain pen ink, 40 ml"),
        blurb=_("A blue-grey that dries the colour of wet slate."),
        story=_(
            "A blue-grey that goes on like a storm and dries like wet slate. It flows "
            "well, washes out of pens with plain water, and stays readable when a "
            "drop falls on the letter. The square bottle stands firmly, down to its "
            "last drop."
        ),
        alt=_("A square glass bottle of blue ink with a drop above it"),
        prices={"THB": 390_00, "JPY": 1_750, "SGD": 15_80, "MYR": 52_00},
    ),
    Product(
        sku="little-teapot",
        name=_("Little teapot"),
        kind=_("Teapot of red clay, 240 ml"),
        blurb=_("Red clay, side handle, two cups and a bit."),
        story=_(
            "Small enough for one person with a book, or two who talk. The clay is "
            "not glazed and takes on a shine with the years; keep it to one kind of "
            "tea and it will remember. The handle at its side stays cool, and the "
            "spout does not drip."
        ),
        alt=_("A small round teapot of red clay with a side handle"),
        prices={"THB": 1_290_00, "JPY": 5_800, "SGD": 52_00, "MYR": 172_00},
    ),
    Product(
        sku="bamboo-whisk",
        name=_("Bamboo whisk"),
        kind=_("Matcha whisk of bamboo"),
        blurb=_("Eighty fine tines, for matcha with a proper foam."),
        story=_(
            "Cut from one piece of bamboo into eighty fine tines, which bend and do "
            "not break. Half a minute of quick strokes makes a foam that stands. "
            "Rinse it in warm water, and leave it standing to dry. Soak it before its "
            "first bowl, and it lasts for years."
        ),
        alt=_("A bamboo tea whisk standing beside a bowl of green matcha"),
        prices={"THB": 650_00, "JPY": 2_900, "SGD": 26_00, "MYR": 86_00},
    ),
    Product(
        sku="cedar-pencils",
        name=_("Cedar pencils"),
        kind=_("Three pencils, 4B"),
        blurb=_("Three soft ones in lacquer red, moss and indigo."),
        story=_(
            "Real cedar, which sharpens cleanly and smells like a drawer of old "
            "letters. The leads are soft and dark, for sketches and for lists. The "
            "lacquer is put on in seven thin coats. A paper band holds them together, "
            "and can be written on."
        ),
        alt=_("Three pencils in red, green and blue, tied with a paper band"),
        prices={"THB": 180_00, "JPY": 800, "SGD": 7_20, "MYR": 24_00},
    ),
    Product(
        sku="umbrella-tote",
        name=_("Umbrella tote"),
        kind=_("Canvas bag, 38 × 42 cm"),
        blurb=_("Stout canvas with a loop that holds a folded umbrella."),
        story=_(
            "A bag for a day that starts dry and does not stay so. The loop inside "
            "holds a folded umbrella upright, away from your books, and lets the "
            "water out at the bottom. The canvas is stout, washes at 40 degrees, and "
            "only gets better."
        ),
        alt=_("A canvas bag printed with an open red umbrella"),
        prices={"THB": 450_00, "JPY": 2_000, "SGD": 18_00, "MYR": 59_00},
    ),
)

_BY_SKU = {item.sku: item for item in _PRODUCTS}
