"""The registry of models follows what production serves: what it calls the model in production is the one there."""

from mlops_maturity.delivery.release import Release
from mlops_maturity.registry import versions as registry


def follow(release: Release) -> None:
    """Note in the registry that the model of a release is in production, if it is registered.

    Args:
        release: what serves in production now.
    """
    version = registry.of_model(release.model)
    if version is None:
        print(f"model {release.model} is not in the registry: `make register` at its commit puts it there")
    elif version != registry.in_production():
        registry.assign(version)
        print(f"the registry says that {version.name} is in production")
