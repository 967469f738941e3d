"""Draw a document: a paper of evidence, or the image of a code."""

from .shape import Shape

SHAPE = Shape(
    "document",
    "object livemode id deleted filename location kind download_uri created_at",
)


def draw(facts, sight):
    """Draw a paper of evidence; its bytes are not kept, so there is nothing to download."""
    path = f"/disputes/{facts['dispute']}/documents/{facts['id']}"
    return SHAPE.drawn(facts, location=sight.path(path))
