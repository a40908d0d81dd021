"""The case report (案件证据报告) as PDF/A4: what the sealed case says, what became of it, and how to check both.

`making.report_pdf` makes it. Importing this loads neither the renderer nor the signer.
"""
