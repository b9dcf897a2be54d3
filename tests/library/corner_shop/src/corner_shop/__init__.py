"""The package of a project whose customers are made up: see tests/library/shop.py."""
