"""What the project asks of Jenkins, which runs its jobs."""
