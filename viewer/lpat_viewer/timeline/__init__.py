"""Views of time: ruler, thumbnails, curves, lanes of segments, overview."""
