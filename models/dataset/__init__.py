"""Pictures with boxes in the folders and files that YOLO networks are trained from."""
