"""From a video to its features: extracted, cached, stored, imported."""
