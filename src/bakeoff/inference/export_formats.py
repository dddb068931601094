"""The export formats of a trained network: functions that write and read each of them.

N examples; C, H, W channels, height and width; D features.
"""

import importlib.util
import io
import json
import logging
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bakeoff.base.settings import BadInput
from bakeoff.inference.models import Trained
from bakeoff.tracking.predictor import Predictor

if TYPE_CHECKING:
    import torch

INPUT, OUTPUT = "input", "probabilities"  # the names of an ONNX graph's input and output
OPSET = 20  # of ONNX; the exporter of torch 2.13 writes 18 to 23, and ONNX Runtime reads 20 since 1.17
DESCRIPTION = "bakeoff.json"  # the file with the description inside a TorchScript archive
EPOCH = (1980, 1, 1, 0, 0, 0)  # the time of a zip archive's members

Description = Mapping[str, str]
Apply = Callable[[NDArray[Any]], NDArray[np.float32]]


@dataclass(frozen=True)
class Format:
    """A format of exported networks.

    Attributes:
        needs: modules beyond the project's dependencies.
        content: returns the file.
        read: returns what applies the network in a file; None for weights alone.
    """

    needs: tuple[str, ...]
    content: Callable[[Trained, Description], bytes]
    read: Callable[[bytes], Apply] | None


def check_installed(name: str) -> None:
    """Refuse a format whose libraries are not installed.

    Raises:
        BadInput: says how to install them.
    """
    lacking = [module for module in FORMATS[name].needs if importlib.util.find_spec(module) is None]
    if lacking:
        raise BadInput(
            f"--format {name}: needs {' and '.join(lacking)}, which {'is' if len(lacking) == 1 else 'are'} not "
            "installed; run: pip install 'bakeoff[export]'"
        )


def single(model: Trained) -> Predictor:
    """Return the predictor of one seed.

    Raises:
        TypeError: the model is an ensemble.
    """
    if not isinstance(model.predictor, Predictor):
        raise TypeError(f"{model.name} has several networks")
    return model.predictor


def example(model: Trained, count: int) -> NDArray[Any]:
    """Return inputs with the type and shape that the network takes: pixels (N, C, H, W) uint8, or rows (N, D) float32.

    The values are drawn from a generator with a fixed seed.
    """
    generator = np.random.default_rng(0)
    if len(model.shape) == 1:
        return generator.standard_normal((count, *model.shape), np.float32)
    return generator.integers(0, 256, (count, *model.shape), np.uint8)


def whole(model: Trained) -> "torch.nn.Module":
    """Return a module equivalent to `Predictor.predict`: from pixels or rows to probabilities."""
    import torch

    network, pixels = single(model).network, len(model.shape) > 1

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            scaled = x.to(torch.float32) / 255 if pixels else x
            probabilities: torch.Tensor = self.network(scaled).softmax(1)
            return probabilities

    return Whole().eval()


def safetensors(model: Trained, description: Description) -> bytes:
    """Return the weights by the names of `torch.nn.Module.state_dict`, with the description as metadata."""
    from safetensors.torch import save

    tensors = {name: tensor.contiguous() for name, tensor in single(model).network.state_dict().items()}
    return in_order(save(tensors, dict(description)))


def in_order(content: bytes) -> bytes:
    """Return a safetensors file with sorted metadata; the library's own order changes from run to run."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the data begin at a multiple of eight bytes
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def torchscript(model: Trained, description: Description) -> bytes:
    """Return a frozen trace of the network. Its archive has no debug files, for they name paths of this machine."""
    import torch

    content = io.BytesIO()
    with warnings.catch_warnings():
        # torch calls TorchScript deprecated in favour of torch.export, and still reads and writes it.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Height and width become constants of the trace, as documented.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        traced = torch.jit.trace(whole(model), torch.from_numpy(example(model, 2)))  # type: ignore[no-untyped-call]
        frozen = torch.jit.freeze(traced, optimize_numerics=False)
        files = {DESCRIPTION: json.dumps(description, indent=1, ensure_ascii=False)}
        torch.jit.save(frozen, content, _extra_files=files)
    kept = io.BytesIO()
    with zipfile.ZipFile(content) as archive, zipfile.ZipFile(kept, "w") as other:
        for member in archive.infolist():
            if not member.filename.endswith(".debug_pkl"):
                other.writestr(zipfile.ZipInfo(member.filename, EPOCH), archive.read(member))
    return kept.getvalue()


def read_torchscript(content: bytes) -> Apply:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        loaded = torch.jit.load(io.BytesIO(content), map_location="cpu")  # type: ignore[no-untyped-call]

    def apply(x: NDArray[Any]) -> NDArray[np.float32]:
        with torch.inference_mode():
            probabilities: NDArray[np.float32] = loaded(torch.from_numpy(x)).numpy()
        return probabilities

    return apply


def onnx(model: Trained, description: Description) -> bytes:
    """Return an ONNX graph without the metadata of the exporter, which contains paths of this machine."""
    import torch

    exporter = logging.getLogger("torch.onnx")
    level = exporter.level
    exporter.setLevel(logging.ERROR)  # it warns of operators of torchvision, which no network here has
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of torch's own calls
            program = torch.onnx.export(
                whole(model),
                (torch.from_numpy(example(model, 2)),),
                dynamo=True,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({0: torch.export.Dim("N")},),
                external_data=False,
                verbose=False,
            )
    finally:
        exporter.setLevel(level)
    graph = program.model_proto  # type: ignore[union-attr]
    bare(graph)
    graph.producer_name, graph.producer_version = "bakeoff", ""
    for key, value in sorted(description.items()):
        graph.metadata_props.add(key=key, value=value)
    content: bytes = graph.SerializeToString(deterministic=True)
    return content


def bare(model: Any) -> None:
    """Remove the metadata and the documentation of an ONNX model and of all that is in its graph."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


def read_onnx(content: bytes) -> Apply:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def apply(x: NDArray[Any]) -> NDArray[np.float32]:
        probabilities: NDArray[np.float32] = session.run([OUTPUT], {INPUT: x})[0]
        return probabilities

    return apply


FORMATS: dict[str, Format] = {
    "onnx": Format(("onnx", "onnxscript", "onnxruntime"), onnx, read_onnx),
    "safetensors": Format((), safetensors, None),
    "torchscript": Format((), torchscript, read_torchscript),
}
