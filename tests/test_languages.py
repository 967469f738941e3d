"""Every text that a shopper reads, in each language: the catalogues are whole and true to the
sources, and no page mixes two languages.
"""

import gettext
import importlib.util
import io
import re

import pytest
from clone import ROOT

_spec = importlib.util.spec_from_file_location(
    "catalogues", ROOT / "docs" / "catalogues.py"
)
catalogues = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(catalogues)

each_catalogue = pytest.mark.parametrize(
    ("domain", "language"),
    [
        (domain, language)
        for domain in catalogues.DOMAINS
        for language in catalogues.LANGUAGES
    ],
)


def ids(catalogue):
    return {message.id for message in catalogue if message.id}


def forms(string):
    return (string,) if isinstance(string, str) else string


# The catalogues


@each_catalogue
def test_a_catalogue_has_every_text_and_no_other(domain, language):
    catalogue = catalogues.read(domain, language)
    assert ids(catalogue) == ids(
        catalogues.extracted(domain)
    ), "run: python docs/catalogues.py"
    assert not catalogue.obsolete


@each_catalogue
def test_every_text_is_translated(domain, language):
    catalogue = catalogues.read(domain, language)
    assert catalogues.untranslated(catalogue) == []
    assert not [message.id for message in catalogue if message.fuzzy and message.id]


@each_catalogue
def test_a_translation_has_the_places_and_the_markup_of_its_text(domain, language):
    for message in catalogues.read(domain, language):
        for form in forms(message.string) if message.id else ():
            source = forms(message.id)[-1]
            for part in (r"%\(\w+\)[sd]|%", r"</?\w+|\w+=\"[^\"]*\""):
                told = sorted(re.findall(part, form))
                assert told == sorted(re.findall(part, source)), form


@each_catalogue
def test_a_sentence_stays_one_that_says_money_was_not_taken(domain, language):
    """The sentences on which a shopper decides whether to pay again."""
    no_charge = {"th": "ไม่มีการเรียกเก็บเงิน", "ja": "請求"}[language]
    not_again = {"th": "อย่าชำระเงินซ้ำ", "ja": "お支払いに"}[language]
    for message in catalogues.read(domain, language):
        source, said = forms(message.id)[-1], forms(message.string)[-1]
        if re.search("nothing( new)? was charged", source, re.I):
            assert no_charge in said, said
        if re.search("do not pay again", source, re.I):
            assert not_again in said, said


@each_catalogue
def test_a_catalogue_is_as_the_tool_writes_it(domain, language):
    file = catalogues.path(domain, language)
    assert file.read_bytes() == catalogues.written(catalogues.read(domain, language))


@each_catalogue
def test_what_is_compiled_is_what_is_written(domain, language):
    compiled = catalogues.path(domain, language).with_suffix(".mo").read_bytes()
    fresh = catalogues.compiled(catalogues.read(domain, language))
    said, meant = (
        dict(gettext.GNUTranslations(io.BytesIO(one))._catalog)
        for one in (compiled, fresh)
    )
    # The heading names the tool that compiled it.
    assert said.pop("")
    assert meant.pop("")
    assert said == meant, "run: python docs/catalogues.py"
