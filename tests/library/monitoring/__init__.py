"""What is found in live data, and what follows from it."""
