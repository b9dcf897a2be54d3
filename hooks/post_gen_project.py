"""Done by cookiecutter's own process, which renders this text; another would import all of it again.

<< cookiecutter | finish >>
"""
