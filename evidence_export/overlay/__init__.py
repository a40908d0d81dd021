"""Derived copies of stills: box, zone and an information bar. The originals are never drawn upon."""
