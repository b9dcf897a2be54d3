"""A port that a command holds open leads elsewhere as long as it is needed."""

import os
import sys

import pytest

from mlops_maturity.delivery import tunnel as tunnels
from mlops_maturity.delivery.arrival import answering
from mlops_maturity.delivery.place import Address
from mlops_maturity.delivery.tunnel import free_port, tunnel
from mlops_maturity.project.errors import ProjectError

LISTEN = "import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"


def test_tunnel_is_open_in_its_block_only() -> None:
    port = free_port()
    with tunnel([sys.executable, "-c", LISTEN.format(port=port)], port, os.environ, "no way"):
        assert tunnels._is_open(port)
    assert not tunnels._is_open(port)


@pytest.mark.parametrize("script", ["", "import time; time.sleep(60)"], ids=["it ends", "it does not open in time"])
def test_tunnel_that_does_not_open_fails(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnels, "SECONDS_TO_OPEN", 0.3)
    with (
        pytest.raises(ProjectError, match="there is no way; the lines above say why"),
        tunnel([sys.executable, "-c", script], free_port(), os.environ, "there is no way"),
    ):
        pass


def test_answering_where_nobody_listens_is_nothing() -> None:
    assert answering(Address(f"http://127.0.0.1:{free_port()}")) == ""
