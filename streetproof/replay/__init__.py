"""Rules on stored or foreign detections, without any video: read, judge, compare."""
