"""ONNX for the trees of other libraries: LightGBM and XGBoost by onnxmltools, CatBoost by itself."""

import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LINEAR = "skl2onnx.common.shape_calculator"
# The library whose estimators it converts, its classes and their shapes, and the module and function that convert them.
CONVERTERS = {
    "lightgbm": ("LGBM", "onnxmltools.convert.lightgbm.operator_converters.LightGbm", "convert_lightgbm"),
    "xgboost": ("XGB", "onnxmltools.convert.xgboost.operator_converters.XGBoost", "convert_xgboost"),
}
OPTIONS: dict[str, Any] = {"zipmap": [True, False, "columns"], "nocl": [True, False]}


def register() -> None:
    """Let skl2onnx know the estimators of other libraries that are in use, if onnxmltools is installed."""
    from skl2onnx import update_registered_converter

    if find_spec("onnxmltools") is None:
        return
    shapes = import_module(LINEAR)
    for library, (prefix, module, function) in CONVERTERS.items():
        if library not in sys.modules:
            continue
        convert = getattr(import_module(module), function)
        for kind, shape in (
            ("Classifier", shapes.calculate_linear_classifier_output_shapes),
            ("Regressor", shapes.calculate_linear_regressor_output_shapes),
        ):
            estimator = getattr(sys.modules[library], prefix + kind)
            options = OPTIONS if kind == "Classifier" else {"split": None}
            update_registered_converter(estimator, f"{library}.{prefix}{kind}", shape, convert, options=options)


def is_catboost(estimator: Any) -> bool:
    """Whether an estimator is CatBoost's."""
    return type(estimator).__module__.startswith("catboost.")


def forget_when(found: Any) -> None:
    """Take what CatBoost knows of its training out of all of its models in an estimator: the time, and a random name.

    The same model then gives the same bytes.
    """
    if is_catboost(found):
        if found.is_fitted():  # else it is a pattern that others were made of
            metadata = found.get_metadata()
            metadata["model_guid"] = metadata["train_finish_time"] = ""
    elif isinstance(found, list | tuple):
        for part in found:
            forget_when(part)
    elif hasattr(found, "get_params") or hasattr(found, "estimator"):
        forget_when(list(vars(found).values()))


def of_catboost(estimator: Any) -> Any:
    """CatBoost's own export, with `features` as its input and probabilities (rows, classes) or values as its output."""
    import onnx

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        estimator.save_model(str(path), format="onnx")
        model = onnx.load(path)
    graph = model.graph
    for node in graph.node:
        node.input[:] = ["features" if name == graph.input[0].name else name for name in node.input]
    graph.input[0].name = "features"
    if graph.node[-1].op_type == "ZipMap":
        # It makes a list of mappings of an array, which every reader of it makes an array again.
        output = onnx.helper.make_tensor_value_info(graph.node[-1].input[0], onnx.TensorProto.FLOAT, None)
        del graph.node[-1], graph.output[-1]
        graph.output.append(output)
    return model
