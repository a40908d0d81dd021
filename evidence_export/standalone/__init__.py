"""The verifiers that travel with bundles: one file for Python, one page for a browser.

Both are made from this software's own sources, byte for byte the same on every machine.
"""
