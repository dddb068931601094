from toy import items, make

cells = [f"{model}-{optimizer}" for model in items("flights.models") for optimizer in items("flights.optimizers")]
make(
    [f"reports/records/embedding/{name}.json" for name in items("embedding.architectures")]
    + [f"reports/records/flights/{name}.json" for name in cells]
    + [f"reports/records/tuning/{name}.json" for name in items("tuning.methods")],
    [],
    ["reports/comparison.json", "reports/curves.csv"],
)
