"""Training, evaluation and publishing of the project's own models."""
