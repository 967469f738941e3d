"""The settings page of the sandbox's dashboard."""

import pytest

pytest_plugins = ("sandbox_rig",)


def test_settings_are_changed_and_shown(rig):
    form = {
        "three_d_secure": "on",
        "retired_methods": "on",
        "webhook_uri": "http://shop.test/hook",
        "webhook_secret": "c2U=",
    }
    assert rig.submit("dashboard/settings", data=form).status_code == 303
    kept = rig.books.settings()
    assert (kept["three_d_secure"], kept["webhook_uri"]) == (
        True,
        "http://shop.test/hook",
    )
    assert kept["retired_methods"] is True
    html = rig.call("GET", "dashboard/settings").text
    assert html.count(" checked") == 2
    assert "http://shop.test/hook" in html
    assert rig.submit("dashboard/settings", data={}).status_code == 303
    kept = rig.books.settings()
    assert (kept["three_d_secure"], kept["webhook_uri"]) == (False, None)
    assert kept["retired_methods"] is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook_uri": "ftp://shop.test"},
        {"webhook_uri": "http://"},
        {"webhook_uri": "own"},
        {"omise_js": "javascript:alert(1)"},
        {"webhook_secret": "?"},
    ],
)
def test_nonsense_settings_are_refused_kept_on_the_form_and_change_nothing(rig, wrong):
    before = rig.books.settings()
    refused = rig.submit("dashboard/settings", data={"three_d_secure": "on", **wrong})
    assert refused.status_code == 400
    assert f'value="{next(iter(wrong.values()))}"' in refused.text
    assert rig.books.settings() == before


def test_browser_script_is_chosen_and_given_up_again(rig):
    elsewhere = "http://127.0.0.1:9/omise.js"
    rig.submit("dashboard/settings", data={"omise_js": elsewhere})
    assert rig.books.settings()["omise_js"] == elsewhere
    assert f'value="{elsewhere}"' in rig.call("GET", "dashboard/settings").text
    rig.submit("dashboard/settings", data={"omise_js": ""})
    assert rig.books.settings()["omise_js"] == "own"


def test_secret_is_rolled_with_two_signatures_until_the_old_one_is_forgotten(
    rig, receiver
):
    old = rig.books.settings()["webhook_secret"]
    assert rig.submit("dashboard/settings/secret/begin").status_code == 303
    kept = rig.books.settings()
    assert kept["webhook_previous_secret"] == old
    assert kept["webhook_secret"] not in (old, None)
    html = rig.call("GET", "dashboard/settings").text
    assert "Forget the old secret" in html
    rig.charge()
    rig.delivered()
    rig.submit("dashboard/settings/secret/finish")
    assert rig.books.settings()["webhook_previous_secret"] is None
    assert rig.books.settings()["webhook_secret"] == kept["webhook_secret"]
    rig.charge()
    rig.delivered()
    signatures = [one[1]["Omise-Signature"].count(",") for one in receiver.arrived]
    assert signatures == [1, 0]
