"""Errors of the streams package; PyAV's and the operating system's are translated into these at the boundary."""

from streetproof.errors import StreetproofError


class StreamsError(StreetproofError):
    """Root of the errors that reading media can raise."""


class MediaError(StreamsError):
    """A file or stream that cannot be opened, or that holds no decodable video."""


class TimeUnknownError(StreamsError):
    """No trustworthy wall-clock start could be found for a recording."""


class CutError(StreamsError):
    """A range of packets that cannot be stream-copied."""
