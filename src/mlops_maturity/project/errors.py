"""What a person can put right: reported in one line, without a stack."""


class ProjectError(Exception):
    """Something is wrong with the data, the settings or the order of steps; the text says what to do."""
