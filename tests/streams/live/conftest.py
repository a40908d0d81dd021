"""Fixtures of the tests of live cameras."""

from tests.rtsp.fixtures import clips

__all__ = ["clips"]
