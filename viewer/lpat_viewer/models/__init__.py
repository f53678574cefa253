"""What the viewer knows: state that emits on change. No module here knows a widget."""
