"""What runs when a project is generated: standard library only, no network (prompts.py alone meets cookiecutter)."""
