"""Errors of the models package; ONNX Runtime's, onnx's and the index client's are translated into these."""

from streetproof.errors import StreetproofError


class ModelsError(StreetproofError):
    """Root of the errors that loading, fetching and running models can raise."""


class ModelRefusedError(ModelsError):
    """A model file that is tampered with, truncated, foreign, or not what the catalog says it is."""


class ModelMissingError(ModelsError):
    """A model that is not on this machine yet, or an extra that is not installed."""


class CatalogError(ModelsError):
    """A catalog or model description that cannot be read, or that contradicts itself."""


class InferenceError(ModelsError):
    """A model that was accepted but fails while it runs, or that yields numbers which are none."""


class FetchError(ModelsError):
    """An archive that could not be found or fetched from the package index or URL."""


class DatasetError(ModelsError):
    """A data set that cannot be trained or calibrated with."""


class TrainingError(ModelsError):
    """A training that cannot begin, go on, or be trusted."""


class ExportError(ModelsError):
    """An export that could not be made, or that does not find what the original finds."""
