"""What a training run is worth, and what would help most, by the labels that it was given."""
