"""Renew the catalogues of the texts for shoppers, after a text was marked, changed or taken out.

    python docs/catalogues.py

Each catalogue then holds what its sources say and nothing else; a new text stands there with an
empty translation, which a test refuses, and what it has is compiled beside it. Nothing is carried
over to a text that only looks alike: a sentence about money is translated as it stands.
"""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
LANGUAGES = ("ja", "th")
# The folders of texts, each a domain of gettext's, with the functions that mark texts there.
DOMAINS = {
    "payment": {"say": None, "say_number": (1, 2), "marked": None},
    "store": DEFAULT_KEYWORDS | {"lazy_gettext": None},
}
_TEMPLATES = "**/templates/**.*"
_SOURCES = [("**.py", "python"), (_TEMPLATES, "jinja2")]
_HEADER = """msgid ""
msgstr ""
"Language: {0.locale}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {0.plural_forms}\\n"

"""
# A catalogue says nothing of when it was written, so that it changes only with its texts.
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)


def path(domain, language):
    """Say where the catalogue of a domain in a language is."""
    return ROOT / domain / "translations" / language / "LC_MESSAGES" / f"{domain}.po"


def extracted(domain):
    """Collect the texts that a domain's sources mark."""
    template = Catalog(domain=domain)
    found = extract_from_dir(
        ROOT / domain,
        _SOURCES,
        options_map={_TEMPLATES: {"silent": "false"}},
        keywords=DOMAINS[domain],
    )
    for name, _, message, comments, context in found:
        file = f"{domain}/{Path(name).as_posix()}"
        template.add(
            message, None, [(file, 1)], auto_comments=comments, context=context
        )
    return template


def read(domain, language):
    """Read a catalogue as it is."""
    file = path(domain, language)
    text = file.read_bytes() if file.exists() else b""
    return read_po(io.BytesIO(text), locale=language, domain=domain)


def written(catalogue):
    """Write a catalogue as text."""
    text = io.BytesIO()
    write_po(
        text,
        catalogue,
        width=100,
        omit_header=True,
        ignore_obsolete=True,
        include_lineno=False,
    )
    return _HEADER.format(catalogue).encode() + text.getvalue()


def compiled(catalogue):
    """Compile a catalogue to what gettext reads."""
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    code = io.BytesIO()
    write_mo(code, catalogue)
    return code.getvalue()


def renew(domain, language):
    """Bring one catalogue up to date with its sources; tells how many of its texts wait."""
    catalogue = read(domain, language)
    catalogue.update(extracted(domain), no_fuzzy_matching=True)
    file = path(domain, language)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(written(catalogue))
    file.with_suffix(".mo").write_bytes(compiled(catalogue))
    return len(untranslated(catalogue))


def untranslated(catalogue):
    """List the texts of a catalogue that have no translation."""
    return [one.id for one in catalogue if one.id and not _is_translated(one.string)]


def _is_translated(string):
    return all((string,) if isinstance(string, str) else string or [""])


if __name__ == "__main__":
    waiting = {
        path(domain, language): renew(domain, language)
        for domain in DOMAINS
        for language in LANGUAGES
    }
    for file, count in waiting.items():
        if count:
            print(f"{file.relative_to(ROOT)}: {count} to translate")
    sys.exit(any(waiting.values()))
