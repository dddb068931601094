"""The only room that imports mlflow: run records go in; runs, curves, saved views and registered models come out.

MLflow's environment is set here, because this file runs before any module of the room imports mlflow. What the user
has set stays as it is.
"""

import logging
import os

ENVIRONMENT = {
    # MLflow reports usage to its makers unless told not to; the pages of a server that starts from here do neither.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # With a server down, one call blocks for minutes by default.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}

# It prints a traceback of each database error before it raises it; the line of the error says enough.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

for name, value in ENVIRONMENT.items():
    os.environ.setdefault(name, value)
