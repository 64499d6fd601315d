"""Training data of the scene model: packed pictures, latents and batches."""
