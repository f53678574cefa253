"""Videos: from a file or URL to frames with exact times, and back into a file."""
