"""A model that somebody put into the DVC remote reads no other file, fills no memory, and is of the project's task."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
import skops.io
from onnx import TensorProto, helper
from sklearn.linear_model import LinearRegression, LogisticRegression

from library.shop import Shop, open_shop
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.model.refusals import require_self_contained
from mlops_maturity.project.errors import ProjectError

pytestmark = pytest.mark.guards("SEC-06")


@pytest.fixture(scope="module")
def shop() -> Shop:
    """A trained and packaged model."""
    return open_shop()


def refusal(shop: Shop, path: Path, model: bytes, **manifest: Any) -> str:
    """What is said of a model with this manifest."""
    made = Artefact(model, {**shop.packaged.manifest, **manifest})
    made = replace(made, manifest={**made.manifest, "model": {"sha256": made.digest}})
    artefacts.write(made, path)
    with pytest.raises(ProjectError) as refused:
        Predictor.load(path)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


def outside(name: str = "w") -> TensorProto:
    """A tensor whose numbers are in another file."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "secret.bin"), ("offset", "0"), ("length", "16")):
        tensor.external_data.add(key=key, value=value)
    return tensor


def inside(name: str = "w") -> TensorProto:
    """A tensor that has its numbers."""
    return helper.make_tensor(name, TensorProto.FLOAT, [4], [1.0] * 4)


def model_of(nodes: list[Any], initializers: list[Any], functions: list[Any] | None = None) -> onnx.ModelProto:
    """A model that answers what its nodes call y."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [value("features", 1, [None, 4])], [value("y", 1, [None, 4])], initializers, doc_string="location"
    )
    opset = [helper.make_opsetid("", 15), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8, functions=functions or [])


ADD = helper.make_node("Add", ["features", "w"], ["y"])


def initializer(tensor: TensorProto) -> onnx.ModelProto:
    return model_of([ADD], [tensor])


def constant(tensor: TensorProto) -> onnx.ModelProto:
    return model_of([helper.make_node("Constant", [], ["w"], value=tensor), ADD], [])


def branch(tensor: TensorProto) -> onnx.ModelProto:
    then = helper.make_graph([ADD], "then", [], [helper.make_tensor_value_info("y", 1, None)], [tensor])
    truth = helper.make_tensor("truth", TensorProto.BOOL, [], [True])
    return model_of([helper.make_node("If", ["truth"], ["y"], then_branch=then, else_branch=then)], [truth])


def function(tensor: TensorProto) -> onnx.ModelProto:
    nodes = [helper.make_node("Constant", [], ["w"], value=tensor), helper.make_node("Add", ["x", "w"], ["z"])]
    own = helper.make_function("own", "Shift", ["x"], ["z"], nodes, [helper.make_opsetid("", 15)])
    return model_of([helper.make_node("Shift", ["features"], ["y"], domain="own")], [], [own])


def sparse(tensor: TensorProto) -> onnx.ModelProto:
    indices = helper.make_tensor("i", TensorProto.INT64, [4], [0, 1, 2, 3])
    made = model_of([ADD], [])
    made.graph.sparse_initializer.append(helper.make_sparse_tensor(tensor, indices, [4]))
    return made


@pytest.mark.parametrize("place", [initializer, constant, branch, function, sparse])
def test_onnx_with_data_outside_of_its_file_is_refused(place: Any, shop: Shop, tmp_path: Path) -> None:
    require_self_contained(place(inside()).SerializeToString())
    said = refusal(shop, tmp_path / "model.zip", place(outside()).SerializeToString())
    assert "model.zip cannot be opened (it has data outside of its own file)" in said


def test_word_location_alone_is_no_reason_to_refuse(shop: Shop) -> None:
    model = onnx.load_from_string(shop.packaged.model)
    model.doc_string = model.graph.doc_string = "location"
    require_self_contained(model.SerializeToString())


def test_damaged_onnx_is_refused_without_a_log_of_its_runtime(
    shop: Shop, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    refusal(shop, tmp_path / "model.zip", b"location" + shop.packaged.model)
    refusal(shop, tmp_path / "model.zip", shop.packaged.model[:-100])
    model = model_of([helper.make_node("Add", ["features", "nowhere"], ["y"])], [])
    refusal(shop, tmp_path / "model.zip", model.SerializeToString())
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({"task": "regression", "classes": []}, "its manifest is of another task"),
        ({"task": "regression"}, "a manifest of 'regression' with 2 classes"),
        ({"classes": ["a", "b", "c"]}, "its manifest is of another task"),
        ({"classes": []}, "a manifest of 'classification' with 0 classes"),
        ({"task": "ranking", "classes": []}, "a manifest of 'ranking' with 0 classes"),
    ],
)
def test_manifest_of_another_task_is_refused(manifest: dict[str, Any], said: str, shop: Shop, tmp_path: Path) -> None:
    assert said in refusal(shop, tmp_path / "model.zip", shop.packaged.model, **manifest)


def test_manifest_of_other_columns_is_refused(shop: Shop, tmp_path: Path) -> None:
    features = {**shop.packaged.manifest["features"], "derived": []}
    assert "cannot be opened" in refusal(shop, tmp_path / "model.zip", shop.packaged.model, features=features)


@pytest.mark.parametrize(
    ("estimator", "manifest"),
    [(LogisticRegression(), {"task": "regression", "classes": []}), (LinearRegression(), {})],
    ids=["a classifier", "a regressor"],
)
def test_skops_of_another_task_is_refused(estimator: Any, manifest: dict[str, Any], shop: Shop, tmp_path: Path) -> None:
    model = skops.io.dumps(estimator.fit([[0.0], [1.0]], [0, 1]))
    assert "is not for" in refusal(shop, tmp_path / "model.zip", model, format="skops", **manifest)


def skops_with(name: str, content: bytes) -> bytes:
    """A model stored with skops, with another file in it."""
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stored.getvalue()


def test_bomb_in_a_skops_model_is_refused_before_it_is_unpacked(shop: Shop, tmp_path: Path) -> None:
    model = skops_with("schema.json", b" " * 100_000_000)
    said = refusal(shop, tmp_path / "model.zip", model, format="skops")
    assert "it would have 100,000,000 bytes" in said


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"content": ' * 100_000, b"[]", b"{"])
def test_nested_or_damaged_skops_model_is_refused(content: bytes, shop: Shop, tmp_path: Path) -> None:
    said = refusal(shop, tmp_path / "model.zip", skops_with("schema.json", content), format="skops")
    assert "cannot be opened" in said
