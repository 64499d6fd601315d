"""Measures what the training commands made, one module a model."""
