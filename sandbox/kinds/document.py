"""Documents: the papers that a shop files as evidence in a dispute. Their bytes are not kept."""

import mimetypes

from ..books import books
from ..rules.refusals import Refused
from .kind import DISPUTE
from .kind import DOCUMENT as KIND

EVIDENCE = ("application/pdf", "image/png", "image/jpeg")


def make(dispute_id, paper, kind=None):
    """File a paper of evidence, if it is a PDF or a picture."""
    with books().change():
        _check_unlocked(dispute_id)
        if paper is None:
            raise Refused("bad_request", "file can't be blank")
        guessed, _ = mimetypes.guess_type(paper.filename or "")
        if (paper.mimetype or guessed) not in EVIDENCE:
            raise Refused("invalid_file_type", "invalid content-type")
        filed = {"filename": paper.filename, "kind": kind}
        return KIND.add(KIND.begun(dispute=dispute_id, deleted=False, **filed))


def find(dispute_id, document_id):
    """Fetch a paper of evidence that was not taken back."""
    DISPUTE.find(dispute_id)
    return KIND.find(document_id, parent=dispute_id)


def destroy(dispute_id, document_id):
    """Take a paper of evidence back."""
    with books().change():
        facts = find(dispute_id, document_id)
        _check_unlocked(dispute_id)
        return KIND.forget(facts)


def _check_unlocked(dispute_id):
    """Refuse to change the papers of a decided dispute."""
    if DISPUTE.find(dispute_id)["closed_at"] is not None:
        raise Refused("documents_locked", "documents list cannot be modified")
