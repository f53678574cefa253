"""From a file to pictures and sound at the playhead."""
