"""The fixtures of the tests (params, schema, rows, workspace, predictor, client, ...) come from the library."""

pytest_plugins = ["mlops_maturity.testing.plugin"]
