"""Labels for the pixels between labelled ones."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def nearest(labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """For each pixel the label of the labelled one next to it; 0 marks those without one, and at least one has one."""
    free = (labels == 0).view(np.uint8)
    _, index = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    named = np.zeros(int(index.max()) + 1, np.uint8)
    known = labels > 0
    named[index[known]] = labels[known]
    return named[index]
