"""What is true of videos: annotation files of the field, read, checked and written."""
