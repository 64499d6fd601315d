"""The starter scene model: its data, parts and training."""
