"""The settings page of the sandbox's dashboard."""

import pytest

pytest_plugins = ("sandbox_rig",)


def test_settings_are_changed_and_shown(rig):
    form = {
        "three_d_secure": "on",
        "webhook_uri": "http://shop.test/hook",
        "webhook_secret": "c2U=",
    }
    assert rig.call("POST", "dashboard/settings", data=form).status_code == 303
    kept = rig.books.settings()
    assert (kept["three_d_secure"], kept["webhook_uri"]) == (
        True,
        "http://shop.test/hook",
    )
    html = rig.call("GET", "dashboard/settings").text
    assert "checked" in html
    assert "http://shop.test/hook" in html
    assert rig.call("POST", "dashboard/settings", data={}).status_code == 303
    kept = rig.books.settings()
    assert (kept["three_d_secure"], kept["webhook_uri"]) == (False, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook_uri": "ftp://shop.test"},
        {"webhook_uri": "http://"},
        {"webhook_secret": "?"},
    ],
)
def test_nonsense_settings_are_refused_kept_on_the_form_and_change_nothing(rig, wrong):
    before = rig.books.settings()
    refused = rig.call(
        "POST", "dashboard/settings", data={"three_d_secure": "on", **wrong}
    )
    assert refused.status_code == 400
    assert f'value="{next(iter(wrong.values()))}"' in refused.text
    assert rig.books.settings() == before
