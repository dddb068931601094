"""A registered model, fetched from MLflow's registry."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, ErrorCode

from bakeoff.base.quoting import quoted
from bakeoff.base.settings import BadInput
from bakeoff.inference.registered import ORIGIN
from bakeoff.tracking.failures import masked
from bakeoff.tracking.location import located
from bakeoff.tracking.store import opened

# What MLflow answers where a model, a version or an alias is not there.
ABSENT = tuple(map(ErrorCode.Name, (RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE)))
BAR = "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"


def fetch(uri: str, folder: Path) -> Path:
    """Fetch a model into a folder, and return the folder of its weights.

    Args:
        uri: the address in MLflow: `models:/images@champion`.

    Raises:
        BadInput: the address is invalid, MLflow does not answer, or does not have the model.
    """
    if not uri.startswith("models:/"):
        raise BadInput(f"--mlflow: {quoted(uri)} is not the address of a model; write it as models:/images@champion")
    store = located()
    if store.database and not store.database.is_file():
        raise BadInput(f"{store.database}: not found, so no model is registered; run `bakeoff track`")
    with opened(store):
        try:
            with without_bar():
                model = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder)))
        except MlflowException as error:
            if error.error_code not in ABSENT:
                raise
            raise BadInput(
                f"--mlflow: {masked(store.uri)} has no model {quoted(uri)}; `bakeoff track` registers the winner of "
                "each task, as models:/TASK@champion"
            ) from None
    data = model / str(Model.load(str(model)).flavors.get("python_function", {}).get("data", ""))
    if not (data / ORIGIN).is_file():
        raise BadInput(
            f"--mlflow: {quoted(uri)} does not take raw rows or pictures: another version of bakeoff registered it; "
            "`bakeoff track` registers it anew, or name the network with --model"
        )
    return data


@contextmanager
def without_bar() -> Iterator[None]:
    """Disable MLflow's progress bars until the block ends."""
    before = os.environ.get(BAR)
    os.environ[BAR] = "false"
    try:
        yield
    finally:
        del os.environ[BAR]
        if before is not None:
            os.environ[BAR] = before
