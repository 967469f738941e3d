"""Under which licence a package is, by what it says of itself."""

import re
from importlib.metadata import metadata

# What packages call them, and what SPDX does.
SPDX = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


def licence(package):
    """Read it from the package's metadata: an expression, else a short text, else a classifier."""
    said = metadata(package)
    classified = [
        text.rsplit(" :: ", 1)[1]
        for text in said.get_all("Classifier") or []
        if text.startswith("License :: ")
    ]
    texts = (said.get("License-Expression"), said.get("License"), *classified)
    for text in filter(None, texts):
        name = SPDX.get(text, text)
        if re.fullmatch(r"[\w.+-]+( (AND|OR|WITH) [\w.+-]+)*", name):
            return name
    return None
