"""Many photos: a list of jobs, a manifest of what was done, workers on one machine or on many."""
