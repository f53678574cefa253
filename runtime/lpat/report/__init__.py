"""Pages and pictures for people: HTML and SVG."""
