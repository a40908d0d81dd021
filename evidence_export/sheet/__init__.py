"""The composite sheet (合成图, GA/T 832-2014) of a case: its pictures side by side, with one information bar.

A derived copy: the originals are read and never written, and no bar or caption covers a part of them.
"""

from evidence_export.sheet.composing import compose, sheet_png

__all__ = ["compose", "sheet_png"]
