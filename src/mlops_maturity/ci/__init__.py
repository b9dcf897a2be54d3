"""The CI systems: GitHub, GitLab and Jenkins."""
