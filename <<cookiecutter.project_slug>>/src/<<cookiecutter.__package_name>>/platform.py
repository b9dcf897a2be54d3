"""What the project asks of << providers[cookiecutter.ci_provider].name >>, which runs its jobs."""

<% if cookiecutter.maturity_level == "1" %>
from .<< cookiecutter.ci_provider >>.platform import open_pull_request

__all__ = ["open_pull_request"]
<% else %>
from .<< cookiecutter.ci_provider >>.platform import open_pull_request, start_training, tell_people

__all__ = ["open_pull_request", "start_training", "tell_people"]
<% endif %>
