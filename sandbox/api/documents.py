"""Route the papers that are filed in disputes."""

from flask import request

from ..http.answers import answer
from ..http.lists import listed
from ..http.parameters import params
from ..kinds import dispute, document
from ..rules import values
from .routes import Routes

routes = Routes("documents")
routes.one("/disputes/<dispute_id>/documents/<document_id>", document)


@routes.route("/disputes/<dispute_id>/documents", methods=["GET", "POST"])
def documents_of(dispute_id):
    """File a paper of evidence, or list those filed."""
    dispute.find(dispute_id)
    if request.method == "GET":
        return listed("document", parent=dispute_id, status="active")
    paper = next(iter(request.files.values()), None)
    kind = values.text(params().get("kind"))
    return answer("document", document.make(dispute_id, paper, kind))
