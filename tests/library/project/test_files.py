"""Files are read with an error that says what to do, and written so that nobody meets half of one."""

from pathlib import Path

import pytest

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import existing, read_json, read_yaml, replacing, write_json, write_text
from mlops_maturity.project.params import Watch


def interrupted(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt


def test_replacing_that_is_interrupted_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file.txt"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt):
        interrupted(path)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_write_json_of_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    write_json(first, {"b": (0.1 + 0.2, 1), "a": {"ü": [None, True]}})
    write_json(second, {"a": {"ü": [None, True]}, "b": [0.3, 1]})
    assert first.read_bytes() == second.read_bytes()
    assert read_json(first, "make run") == {"a": {"ü": [None, True]}, "b": [0.3, 1]}


def test_write_json_of_a_value_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "file.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"[]", b"null"])
def test_read_json_of_a_damaged_file_names_the_command_that_makes_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(ProjectError, match=r"file.json is damaged \(.+\); run `make data` again"):
        read_json(path, "make data")


def test_existing_of_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(ProjectError, match=r"file is missing; run `make data` first"):
        existing(path, "make data")
    path.touch()
    assert existing(path, "make data") == path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, r"file\.yaml is missing; restore it"),
        ("errors: [", r"file.yaml is not valid YAML: .* line 2, column 1"),
        ("errors: 2", "file.yaml: errors: Input should be less than 1"),
        ("error: 0.1", "file.yaml: error: there is no such setting; did you mean 'errors'"),
        ("errors: \udcff", "file.yaml is not valid YAML: 'utf-8' codec can't decode byte 0xff in position 8"),
        ("errors: 2\nerror: 0.1", "file.yaml: error: there is no such setting; did you mean 'errors'"),
    ],
)
def test_read_yaml_that_is_wrong_says_where(content: str | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    if content:
        path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ProjectError, match=says) as refused:
        read_yaml(path, Watch, if_missing="restore it")
    assert "\n" not in str(refused.value)


def test_read_yaml_without_a_key_has_its_default(tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_text("errors: 0.5")
    found = read_yaml(tmp_path / "file.yaml", Watch, if_missing="")
    assert (found.errors, found.p99_ms) == (0.5, Watch().p99_ms)
