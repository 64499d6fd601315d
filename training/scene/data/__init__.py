"""What the scene model learns from: packed pictures, latents and batches."""
