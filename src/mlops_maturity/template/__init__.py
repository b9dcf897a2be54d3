"""The template that this project came from: raising the level, taking over its fixes, changing an answer."""
