"""Training of the person detector: YOLOv8-seg with one class, on pictures made on the device."""
