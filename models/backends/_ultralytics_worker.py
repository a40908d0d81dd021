"""Runs alone in its own process: weights.pt in the current folder becomes weights.onnx and classes.txt.

Arguments: height, width, and `raw` or `end-to-end`. Where there is an inputs.npy [N, 3, height, width], what the
weights themselves give for it, one picture at a time, goes into outputs.npy. Imports nothing of this project.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Export, or end with a line on stderr and a status other than 0."""
    height, width, head = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    import numpy as np
    from ultralytics import YOLO  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from ultralytics.nn import tasks  # type: ignore[import-not-found,import-untyped,unused-ignore]

    if not getattr(tasks, "SAFE_LOAD", False):
        sys.exit("this version of Ultralytics cannot load weights safely; install a newer one")
    model = YOLO("weights.pt", task="detect")
    if model.task != "detect":
        sys.exit(f"these weights are for the task {model.task!r}, not for detection")
    names = model.names
    Path("classes.txt").write_text("\n".join(names[i] for i in range(len(names))), encoding="utf-8")
    # nms=False is Ultralytics' way of asking for the one-to-one head; None leaves suppression to the caller.
    model.export(
        format="onnx",
        imgsz=(height, width),
        dynamic=False,
        simplify=False,
        device="cpu",
        nms=False if head == "end-to-end" else None,
    )
    if Path("inputs.npy").exists():
        np.save("outputs.npy", _outputs(np.load("inputs.npy"), head == "end-to-end"))  # type: ignore[no-untyped-call]


def _outputs(inputs, end_to_end):  # type: ignore[no-untyped-def]
    import numpy as np
    import torch  # type: ignore[import-not-found,unused-ignore]
    from ultralytics import YOLO  # type: ignore[import-not-found,import-untyped,unused-ignore]

    # Loaded again: exporting fuses and switches what it is given.
    network = YOLO("weights.pt", task="detect").model.eval().float()
    network.end2end = end_to_end
    found = []
    with torch.inference_mode():
        for picture in inputs:
            raw = network(torch.from_numpy(picture[None]))
            found.append((raw[0] if isinstance(raw, (tuple, list)) else raw).numpy())
    return np.concatenate(found)


if __name__ == "__main__":
    main()
