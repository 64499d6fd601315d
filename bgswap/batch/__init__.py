"""Batches of photos: jobs, a manifest of their outcomes, workers on one or many machines."""
