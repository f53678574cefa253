"""The desktop viewer: a video over a timeline of what models say of it."""
