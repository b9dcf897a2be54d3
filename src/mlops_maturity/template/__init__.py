"""The template that the project came from: raise the level, take over a newer version, change an answer."""
