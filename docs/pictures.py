"""Take the pictures that README shows: a shop on its sandbox, in a real browser, paid by card.

    pipenv run python docs/pictures.py

Needs the packages of `pipenv sync --dev` and Debian's chromium-headless-shell or chromium. Says
which files it has written.
"""

import os
import shutil
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]
# Whatever keys a .env holds: these pictures are of a sandbox.
os.environ["PYTHON_DOTENV_DISABLED"] = "1"
if not (shutil.which("chromium-headless-shell") or shutil.which("chromium")):
    sys.exit("There is no chromium-headless-shell or chromium on the PATH.")

from browser import Window, chromium  # noqa: E402  found in tests/
from rig import Shop  # noqa: E402

PHONE = {
    "viewport": {"width": 375, "height": 780},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "color_scheme": "light",
    "reduced_motion": "reduce",
}
DESK = {
    "viewport": {"width": 960, "height": 640},
    "color_scheme": "light",
    "reduced_motion": "reduce",
}
# Phones beside each other; what is between them is seen through.
FRAME = """
<!doctype html>
<body style="margin: 0; display: flex; gap: 20px">%s</body>
"""
PHONE_IN_FRAME = """
<img style="width: 280px; box-sizing: border-box; border: 1px solid #b9b09b;
            border-radius: 16px" src="%s">
"""


def take(shop, browser):
    """Buy a thing on a phone, and give what is to be seen on the way; then the dashboard."""
    window = Window(browser, shop, **PHONE)
    window.page.goto("/")
    pictures = [window.page.screenshot()]
    window.adds("Celadon cup")
    window.opens_checkout()
    form = window.opens_form()
    window.page.wait_for_timeout(500)  # it fades in
    pictures.append(window.page.screenshot())
    form.get_by_role("button", name="Close").click()
    window.pays()
    window.sees("paid")
    pictures.append(window.page.screenshot())
    window.close()
    desk = Window(browser, shop, **DESK)
    desk.page.goto("/sandbox/dashboard/")
    desk.page.get_by_role("link", name="chrg_test_").click()
    dashboard = desk.page.screenshot(full_page=True)
    desk.close()
    return pictures, dashboard


def beside_each_other(browser, pictures):
    """Make one picture of several."""
    phones = (
        PHONE_IN_FRAME % ("data:image/png;base64," + b64encode(one).decode())
        for one in pictures
    )
    width = len(pictures) * (280 + 20) - 20
    page = browser.new_page(
        viewport={"width": width, "height": 100}, device_scale_factor=1.5
    )
    page.set_content(FRAME % "".join(phones), wait_until="load")
    made = page.screenshot(full_page=True, omit_background=True)
    page.close()
    return made


def main():
    """Write docs/shop.png and docs/dashboard.png."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Shop(Path(folder) / "shop") as shop,
        chromium() as browser,
    ):
        shop.omise.reset()
        phones, dashboard = take(shop, browser)
        made = {
            "shop.png": beside_each_other(browser, phones),
            "dashboard.png": dashboard,
        }
    for name, picture in made.items():
        (HERE / name).write_bytes(picture)
        print(f"{HERE / name}: {len(picture) // 1024} KiB")


if __name__ == "__main__":
    main()
