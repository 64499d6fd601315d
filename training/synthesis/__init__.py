"""Training pictures made on the device: a pack of photos and scenes, and what composes them."""
