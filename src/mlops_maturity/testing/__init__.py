"""Helpers for the tests of a project: a pytest plugin with fixtures, checks of its repository, checks of training."""
