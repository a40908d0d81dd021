"""Runs alone in its own process: model.onnx in the current folder becomes model.xml and model.bin in 8-bit numbers.

inputs.npy [N, 3, height, width] are the pictures to calibrate with. Imports nothing of this project. Alone, because
NNCF reports on those who use it unless it is told not to before it is imported, and prints as it likes.
"""

from __future__ import annotations


def main() -> None:
    """Quantise, or end with a line on stderr and a status other than 0."""
    import nncf  # type: ignore[import-not-found,import-untyped,unused-ignore]
    import numpy as np
    import openvino  # type: ignore[import-not-found,import-untyped,unused-ignore]

    model = openvino.Core().read_model("model.onnx")
    inputs = np.load("inputs.npy", mmap_mode="r")
    data = nncf.Dataset(range(len(inputs)), lambda number: np.array(inputs[number : number + 1]))
    spared = _after_last_convolutions(model)
    quantised = nncf.quantize(
        model,
        data,
        subset_size=len(inputs),
        preset=nncf.QuantizationPreset.MIXED,
        ignored_scope=nncf.IgnoredScope(names=spared, validate=False),
    )
    openvino.save_model(quantised, "model.xml", compress_to_fp16=False)


def _after_last_convolutions(model) -> list[str]:  # type: ignore[no-untyped-def]
    """Names of the operations between the last convolutions and the outputs.

    There boxes in pixels and scores from 0 to 1 meet in one tensor; 256 steps over both would leave no score.
    """
    found: dict[str, None] = {}
    waiting = [result.input_value(0).get_node() for result in model.get_results()]
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() in found or node.get_type_name() == "Constant" or _is_layer(node):
            continue
        found[node.get_friendly_name()] = None
        waiting += [node.input_value(number).get_node() for number in range(node.get_input_size())]
    return list(found)


def _is_layer(node) -> bool:  # type: ignore[no-untyped-def]
    """A convolution that is a layer; one with a single channel only adds up what a box's sides may be."""
    if node.get_type_name() not in ("Convolution", "GroupConvolution"):
        return False
    channels = node.get_output_partial_shape(0)[1]
    return bool(channels.is_dynamic or channels.get_length() > 1)


if __name__ == "__main__":
    main()
