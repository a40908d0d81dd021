"""Fine-tuning a detector on a data set, with Ultralytics in a process of its own."""
