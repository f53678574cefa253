"""The same work by the workers of a Ray cluster."""
