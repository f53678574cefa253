"""The desktop viewer: video over a timeline of scores, thresholds and detections."""
