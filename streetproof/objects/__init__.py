"""Objects that are written once: copies of sealed cases on another disk, or in an S3 bucket."""
