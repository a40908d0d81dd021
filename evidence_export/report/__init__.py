"""The case report (案件证据报告) as PDF/A4: what the sealed case says, what became of it, and how to check both.

Importing this loads neither the renderer nor the signer: they are loaded when a report is made.
"""

from evidence_export.report.blocks import ReportLanguage
from evidence_export.report.making import ReportError, report_pdf
from evidence_export.report.signing import Signing

__all__ = ["ReportError", "ReportLanguage", "Signing", "report_pdf"]
