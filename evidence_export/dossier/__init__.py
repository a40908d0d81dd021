"""What the papers of a case are made from: the sealed case, and what became of it since, as plain values."""

from evidence_export.dossier.opening import DossierError, open_dossier
from evidence_export.dossier.values import CustodyEntry, Dossier, LedgerFacts, ShownExhibit

__all__ = ["CustodyEntry", "Dossier", "DossierError", "LedgerFacts", "ShownExhibit", "open_dossier"]
