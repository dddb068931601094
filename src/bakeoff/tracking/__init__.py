"""The only package that imports mlflow. It turns run records into runs, curves, saved views and registered models.

MLflow's environment variables are set here, before any module of the package imports mlflow. Variables that the user
has set are not changed.
"""

import logging
import os

ENVIRONMENT = {
    # Switches off MLflow's usage reports, also in the web pages of a server that is started here.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # With a server down, one call blocks for minutes by default.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}

# It prints a traceback of each database error before it raises it; the error's line is enough.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

for name, value in ENVIRONMENT.items():
    os.environ.setdefault(name, value)
