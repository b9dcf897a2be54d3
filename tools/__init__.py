"""What maintains the template: `make docs`, `make lock`."""
