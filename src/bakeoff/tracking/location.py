"""The location of MLflow's store, without importing MLflow, which takes seconds."""

import os
from dataclasses import dataclass
from pathlib import Path

SQLITE = "sqlite:///"
DEFAULT = "sqlite:///mlflow.db"  # what `mlflow ui` opens when it is started in the same folder
ARTIFACTS = "mlartifacts"
WAIT = 20.0  # seconds for another program that writes to the database, as MLflow has it


@dataclass(frozen=True)
class Store:
    """The location of a store of MLflow.

    Attributes:
        uri: as MLflow has it; the path of a file is absolute.
    """

    uri: str

    @property
    def database(self) -> Path | None:
        """The file of a SQLite store; None for a server."""
        return Path(self.uri.removeprefix(SQLITE)) if self.uri.startswith(SQLITE) else None

    @property
    def root(self) -> str | None:
        return str(self.database.parent) if self.database else None

    def artifacts(self, experiment: str) -> str | None:
        """Return the location of an experiment's artifacts; None for a server, which sets it itself."""
        return f"{self.root}/{ARTIFACTS}/{experiment}" if self.root else None


def located() -> Store:
    """Return the store that MLFLOW_TRACKING_URI names, or mlflow.db in the project's root."""
    uri = os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT
    if uri.startswith(SQLITE):
        uri = SQLITE + str(Path(uri.removeprefix(SQLITE)).absolute())
    return Store(uri)
