"""The built-in extractor: statistics of optical flow."""
