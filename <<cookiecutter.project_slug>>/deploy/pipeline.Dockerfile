# The pipeline, its code at one commit, and all the packages it needs: `make pipeline-image` builds it of a clone.
#
#   docker run --rm --volume results:/project IMAGE
#
# runs `make run`, and leaves models, metrics and dvc.lock in the volume `results`. The data come from the DVC remote. If
# that is a folder that git does not carry, or one of another machine, mount it: --volume "$PWD/storage:/project/storage".
# Any other target can be named: IMAGE make run push
FROM python:3.11.15-slim-bookworm

# Debian keeps one version of each: an exact one would be gone with the next fix.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home pipeline \
    && install --directory --owner=10001 --group=10001 /project
USER 10001:10001
WORKDIR /project

# The packages first: they are the same for most commits. The lock is complete, so pip has nothing to look up: left to
# it, a package asked for with an extra would be looked for in its newest version.
COPY --chown=10001:10001 project/requirements.lock requirements.lock
RUN --mount=type=cache,target=/var/cache/pip,uid=10001,gid=10001 \
    python -m venv .venv \
    && .venv/bin/python -m pip install --disable-pip-version-check --quiet --cache-dir /var/cache/pip \
    --no-deps --require-hashes --requirement requirements.lock
COPY --chown=10001:10001 project/vendor vendor
RUN .venv/bin/python -m pip install --disable-pip-version-check --quiet --no-cache-dir \
    --no-index --no-deps --require-hashes --requirement vendor/requirements.lock
COPY --chown=10001:10001 project /project
# What `make setup` ends with: no target sets the environment up again.
RUN .venv/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable . \
    && touch .venv/ready

ARG REVISION=unknown
LABEL org.opencontainers.image.title="<< cookiecutter.project_slug >>-pipeline" \
      org.opencontainers.image.revision="${REVISION}"

# Beside /project, the pipeline writes to /tmp alone, so that the rest can be read-only.
ENV HOME=/tmp \
    DVC_SITE_CACHE_DIR=/tmp/dvc \
    PYTHONUNBUFFERED=1
CMD ["make", "run"]
