import pytest
import torch

from bakeoff.settings import BadInput
from bakeoff.training.device import resolve


@pytest.mark.parametrize(("there", "chosen"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_the_gpu_where_there_is_one(there: bool, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert resolve("auto").type == chosen
    assert resolve("cpu").type == "cpu"


def test_a_missing_gpu_is_said() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(BadInput, match=r"^params.yaml: device is 'cuda', but .*$"):
        resolve("cuda")
