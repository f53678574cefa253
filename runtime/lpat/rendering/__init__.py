"""Videos made of a video and what was found in it: clips and overlays."""
