"""Defects that a team can make in its repository, each with the checks that must see it."""
