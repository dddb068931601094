import sys

from toy import make

model, optimizer = sys.argv[1:]
name = f"{model}-{optimizer}"
make(
    ["data/table/encoded.npz"],
    ["run", "networks." + model, "flights.epochs", f"flights.learning_rate.{model}.{optimizer}"],
    [
        f"models/flights/{name}.safetensors",
        f"reports/records/flights/{name}.json",
        f"reports/metrics/flights/{name}.json",
    ],
)
