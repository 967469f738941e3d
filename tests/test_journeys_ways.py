"""Pay in every kind of way with a real browser: one journey for each flow of the table of methods,
from the list of our own page, judged by the sandbox's books.
"""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
import requests
from browser import DESKTOP, HANGS_UP, PHONE, expect
from fault_rig import set_attempt
from rig import eventually

pytest_plugins = ("journey",)
pytestmark = HANGS_UP

CUP = 49000
ON_PHONE = pytest.mark.parametrize("look", [PHONE], ids=["phone"])
PNG = b"\x89PNG\r\n\x1a\n"
# The modules of a QR code in a picture, as rows of 0 and 1: a finder pattern is seven wide.
READ_MODULES = """async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const paper = canvas.getContext("2d");
  paper.fillStyle = "#fff";
  paper.fillRect(0, 0, image.width, image.height);
  paper.drawImage(image, 0, 0);
  const { data } = paper.getImageData(0, 0, image.width, image.height);
  const dark = (x, y) => data[4 * (Math.floor(y) * image.width + Math.floor(x))] < 128;
  let [left, top, right] = [image.width, null, 0];
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      if (dark(x, y)) {
        top = top === null ? y : top;
        [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
      }
    }
  }
  let run = 0;
  while (dark(left + run, top)) run++;
  const count = Math.round((7 * (right - left)) / run);
  const side = (right - left) / count;
  return Array.from({ length: count }, (_, y) =>
    Array.from({ length: count }, (_, x) =>
      Number(dark(left + (x + 0.5) * side, top + (y + 0.5) * side))
    ).join("")
  );
}"""


def modules_of(window, picture, kind):
    """Read a QR code as its modules, on a page that no policy holds back."""
    page = window.beside()
    page.goto("about:blank")
    source = f"data:{kind};base64,{b64encode(picture).decode()}"
    read = page.evaluate(READ_MODULES, source)
    page.close()
    return read


def of_omise(shop):
    """Fetch the newest charge's code from where Omise has it."""
    image = shop.omise.latest()["source"]["scannable_code"]["image"]
    answer = requests.get(image["download_uri"], timeout=30)
    return answer.content, answer.headers["Content-Type"]


def saves_the_code(window, tmp_path):
    with window.page.expect_download() as pending:
        window.page.get_by_role("link", name="Save the code").click()
    pending.value.save_as(tmp_path / "code")
    return pending.value.suggested_filename, (tmp_path / "code").read_bytes()


@ON_PHONE
@pytest.mark.parametrize("by", ["row", "form"])
def test_a_code_is_saved_as_a_picture_that_a_banking_app_reads(
    window, shop, tmp_path, by
):
    """D7: whatever Omise drew it as: a PNG for our own row, an SVG for a source of Omise.js."""
    if by == "row":
        window.chooses("promptpay")
    else:
        window.pays_by("PromptPay")
    window.sees("waiting")
    drawn, kind = of_omise(shop)
    assert kind.partition(";")[0] == ("image/png" if by == "row" else "image/svg+xml")
    name, saved = saves_the_code(window, tmp_path)
    assert name == f"promptpay-{window.order_id[:8]}.png"
    assert saved.startswith(PNG)
    modules = modules_of(window, saved, "image/png")
    assert len(modules) > 20
    assert modules == modules_of(window, drawn, kind.partition(";")[0])
    shop.omise.control(f"charges/{shop.omise.latest()['id']}/pay")
    window.sees("paid")
    expect(window.page.get_by_role("img", name="The code to scan")).to_have_count(0)
    assert shop.omise.charged(window.order_id) == {"successful": (1, CUP)}


@ON_PHONE
def test_a_code_says_amount_and_reference_and_is_gone_when_its_time_is_up(window, shop):
    """D7: by the page's own clock; and a fresh code is one press away."""
    window.page.clock.install()
    window.chooses("promptpay")
    window.sees("waiting")
    charge = shop.omise.latest()
    reference = charge["source"]["provider_references"]["reference_number_1"]
    expect(window.page.get_by_text(reference)).to_be_visible()
    expect(window.page.locator(".payment-facts")).to_contain_text("490.00")
    code = window.page.get_by_role("img", name="The code to scan")
    expect(code).to_be_visible()
    expect(window.page.locator("[data-left]")).to_contain_text("23:5")
    shop.omise.control(f"charges/{charge['id']}/expire")
    window.page.clock.fast_forward("24:00:01")
    window.sees("expired")
    expect(code).to_have_count(0)
    window.page.get_by_role("button", name="Get a new code").click()
    window.sees("waiting")
    expect(code).to_be_visible()
    fresh = shop.omise.latest()
    assert fresh["id"] != charge["id"]
    shop.omise.control(f"charges/{fresh['id']}/pay")
    eventually(lambda: shop.order(window.order_id).paid_at)
    window.page.reload()
    window.sees("paid")
    assert shop.omise.charged(window.order_id)["successful"] == (1, CUP)


def test_hours_are_counted_only_when_no_more_than_two_days_are_left(build_shop, opened):
    shop = build_shop(STORE_CURRENCY="SGD")
    window = opened(shop, **DESKTOP)
    window.adds()
    window.opens_checkout()
    window.chooses("paynow")
    window.sees("waiting")
    expect(window.page.get_by_text("Please pay before")).to_be_visible()
    left = window.page.locator("[data-left]")
    expect(left).to_be_hidden()
    soon = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=47, minutes=30)
    set_attempt(shop, window.order_id, expires_at=soon)
    window.page.reload()
    expect(left).to_contain_text("47:2")


@ON_PHONE
def test_a_code_hides_when_its_time_is_up_though_omise_says_nothing(window, shop):
    """D7: nobody pays a code that the bank takes no more."""
    window.page.clock.install()
    window.chooses("promptpay")
    window.sees("waiting")
    window.page.clock.fast_forward("24:00:01")
    expect(window.page.get_by_role("img", name="The code to scan")).to_be_hidden()
    expect(window.page.get_by_text("The time to pay this way is over")).to_be_visible()
    window.sees("waiting")


def test_who_comes_back_to_a_page_that_waits_is_told_at_once(window, shop):
    """However long the page would have waited by itself: its clock stands still here."""
    shop.omise.breaks("webhook", drop=True, times=0)
    window.chooses("promptpay")
    window.sees("waiting")
    window.page.clock.install()
    window.page.reload()
    window.sees("waiting")
    shop.omise.control(f"charges/{shop.omise.latest()['id']}/pay")
    window.page.evaluate("window.dispatchEvent(new Event('focus'))")
    window.sees("paid")
    shop.omise.heals()


@ON_PHONE
def test_an_app_is_opened_and_the_order_paid(window, shop):
    window.chooses("mobile_banking_scb", group="Mobile banking")
    window.page.wait_for_url("**/authorize")
    expect(window.page.get_by_text("in the SCB app")).to_be_visible()
    window.goes_on()
    window.answers("Pay")
    window.sees("paid")
    expect(window.page.get_by_text("SCB", exact=True)).to_be_visible()
    assert shop.omise.charged(window.order_id) == {"successful": (1, CUP)}


def test_on_a_desktop_an_app_is_opened_on_the_phone(window, shop, opened):
    """The order's address is all that the phone needs."""
    window.chooses("truemoney_jumpapp")
    window.goes_on()
    order_id = shop.omise.latest()["metadata"]["order_id"]
    window.page.goto(f"/orders/{order_id}")
    window.sees("leaving")
    expect(
        window.page.get_by_text("open this page’s address on the phone")
    ).to_be_visible()
    phone = opened(shop, **PHONE)
    phone.page.goto(f"/orders/{order_id}")
    phone.page.get_by_role("link", name="Open the app once more").click()
    phone.goes_on()
    phone.answers("Pay")
    phone.sees("paid")
    window.sees("paid")


@pytest.fixture
def big(shop, opened, look):
    """Give a window at the form of an order that is large enough for instalments."""
    one = opened(shop, **look)
    one.page.goto(f"/orders/{shop.orders(500_000, 'THB')}/pay")
    return one


def test_instalments_are_agreed_on_the_bank_s_page(big, shop):
    big.chooses("installment_kbank", group="Instalments", installment_term="6")
    big.goes_on()
    big.answers("Pay")
    big.sees("paid")
    charge = shop.omise.latest()
    assert charge["source"]["installment_term"] == 6
    expect(big.page.get_by_text("6 months")).to_be_visible()
    assert shop.omise.charged(big.order_id) == {"successful": (1, 500_000)}


def test_a_card_pays_in_instalments(big, shop):
    """White label: the card is typed at the shop, and Omise gets token and source."""
    choice = big.page.locator("#plan option", has_text="KBank: 6 months")
    big.page.get_by_label("When to pay").select_option(choice.get_attribute("value"))
    big.pays()
    big.goes_on()
    big.answers("Approve")
    big.sees("paid")
    charge = shop.omise.latest()
    assert charge["source"]["type"] == "installment_wlb_kbank"
    assert charge["card"]["last_digits"] == "4242"


def test_one_saved_card_of_two_is_chosen_and_the_other_deleted(regular, shop):
    regular.page.get_by_label("E-mail").fill("somchai@example.com")
    regular.page.get_by_label("Save my card").check()
    regular.pays("5555555555554444")
    regular.sees("paid")
    regular.adds()
    regular.opens_checkout()
    regular.page.get_by_role("button", name="Offer this card first: Visa").click()
    buttons = regular.page.locator(".pay-saved")
    expect(buttons.first).to_contain_text("Visa •••• 4242")
    regular.page.get_by_role("button", name="Delete this card: Visa").click()
    expect(buttons).to_have_count(1)
    buttons.first.click()
    regular.sees("paid")
    assert shop.omise.latest()["card"]["last_digits"] == "4444"


@ON_PHONE
def test_a_slip_is_copied_and_paid_at_the_counter(build_shop, opened, look):
    """The name of what was chosen, and not of the whole family."""
    shop = build_shop(STORE_CURRENCY="JPY")
    shop.capability()
    window = opened(shop, permissions=["clipboard-write"], **look)
    window.adds()
    window.opens_checkout()
    window.chooses(
        "convenience_store",
        konbini_name="ヤマダタロウ",
        email="taro@example.com",
        phone_number="090-1234-5678",
    )
    window.sees("waiting")
    heading = window.page.get_by_role("heading", name="Convenience store")
    expect(heading).to_be_visible()
    assert "Pay-easy" not in window.page.inner_text("main")
    number = shop.omise.latest()["source"]["references"]["payment_code"]
    shown = window.page.locator(".payment-number span").all_inner_texts()
    assert "".join(shown) == number
    assert max(map(len, shown)) == 4
    window.page.get_by_role("button", name="Copy the number").click()
    expect(window.page.get_by_text("Copied.")).to_be_visible()
    pad = window.beside()
    pad.set_content("<textarea></textarea>")
    pad.locator("textarea").focus()
    pad.keyboard.press("Control+V")
    assert pad.locator("textarea").input_value() == number
    pad.close()
    window.page.get_by_role("link", name="Show how to pay").click()
    window.answers("Pay at the counter")
    window.sees("paid")
    expect(window.page.get_by_text("Convenience store")).to_be_visible()
    assert shop.omise.charged(window.order_id) == {"successful": (1, 2200)}


def test_a_bank_is_chosen_and_its_page_confirms(build_shop, opened):
    shop = build_shop(STORE_CURRENCY="MYR", STORE_LOCALE="ms_MY")
    shop.capability()
    window = opened(shop, **DESKTOP)
    window.adds()
    window.opens_checkout()
    window.chooses("fpx", bank="maybank2u")
    window.goes_on()
    window.answers("Pay")
    window.sees("paid")
    expect(window.page.get_by_text("FPX (Maybank2U)")).to_be_visible()
    assert shop.omise.latest()["source"]["bank"] == "maybank2u"


@pytest.mark.parametrize("way", ["promptpay", "truemoney"])
def test_a_row_needs_no_scripts(shop, opened, way):
    """D5: one press, or one small form; what is missing is said by the page."""
    window = opened(shop, java_script_enabled=False, **PHONE)
    window.adds()
    window.opens_checkout()
    if way == "promptpay":
        window.chooses("promptpay")
        window.sees("waiting")
        expect(window.page.get_by_role("img", name="The code to scan")).to_be_visible()
        return
    window.chooses("truemoney", phone_number="0812345678")
    window.goes_on()
    window.answers("Pay")
    window.sees("paid")
    assert shop.omise.charged(window.order_id) == {"successful": (1, CUP)}


def test_a_paid_order_is_printed_without_what_is_pressed(window, shop):
    window.pays()
    window.sees("paid")
    button = window.page.get_by_role("link", name="Back to the shop")
    expect(button).to_be_visible()
    window.page.emulate_media(media="print")
    expect(button).to_be_hidden()
    expect(window.page.get_by_text("Paid on")).to_be_visible()
    expect(window.page.get_by_role("cell", name="490.00").first).to_be_visible()
    paper = window.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgba(0, 0, 0, 0)"
