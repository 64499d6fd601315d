"""Training of the person detector: YOLOv8-seg with one class, on pictures made on the device."""

import os

# Read when ultralytics is imported: look for no network, install nothing.
os.environ.setdefault("YOLO_OFFLINE", "true")
os.environ.setdefault("YOLO_AUTOINSTALL", "false")
