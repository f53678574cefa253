"""From scores to segments: post-processing."""
