import sys

from toy import make

name = sys.argv[1]
make(
    ["data/corpus/tokens.npy", "data/corpus/vocabulary.csv"],
    ["run", "embedding.dimension"],
    [f"models/embedding/{name}.safetensors", f"reports/records/embedding/{name}.json"],
)
