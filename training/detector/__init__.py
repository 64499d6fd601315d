"""Training of the person detector: YOLOv8-seg, one class, pictures composed on the device."""

import os

# Read when ultralytics is imported: do not use the network, install nothing.
os.environ.setdefault("YOLO_OFFLINE", "true")
os.environ.setdefault("YOLO_AUTOINSTALL", "false")
