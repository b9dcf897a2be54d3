"""Tests of the library mlops_maturity, in process: as a package, so that folders may have test files of one name."""
