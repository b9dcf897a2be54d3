"""Tests of what the library gives to the tests of projects."""
