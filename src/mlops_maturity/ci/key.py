"""The key that CI signs with: its private half goes to the environments, its public half into the repository."""

from collections.abc import Callable

from mlops_maturity.ci.settings import Setting
from mlops_maturity.project import signing


def provide_key(setting: Setting, give: Callable[[str, str], object], *, show: bool) -> None:
    """Make the key, if there is none. It is believed only once each environment has it.

    Args:
        setting: the secret.
        give: sets the secret of an environment: its name and the private key.
        show: whether this is only printed.

    Raises:
        ProjectError: the platform refuses the secret, or ssh-keygen is not installed.
    """
    if signing.is_required():
        return
    where = ", ".join(setting.environments)
    if show:
        print(f"would make {setting.name} for {where}: commit {signing.SIGNERS}")
        return
    private, public = signing.new_key()
    for environment in setting.environments:
        give(environment, private)
    signing.believe(public)
    print(f"made {setting.name} for {where}: commit {signing.SIGNERS}")
