from functools import partial
from typing import Any

import pytest
import torch

from bakeoff.base.settings import BadInput
from bakeoff.training.device import precision, resolve
from bakeoff.training.settings import plain


@pytest.mark.parametrize(("there", "chosen"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_the_gpu_where_there_is_one(there: bool, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert resolve("auto").type == chosen
    assert resolve("cpu").type == "cpu"


def test_a_missing_gpu_is_said() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(BadInput, match=r"^params.yaml: run.device is 'cuda', but .*$"):
        resolve("cuda")


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"precision": "bfloat16"}, "precision is 'bfloat16'"), ({"compile": True}, "compile is true")],
)
def test_what_belongs_to_a_gpu_is_refused_on_a_cpu(changes: dict[str, Any], says: str) -> None:
    asked = plain(1, 1)
    with precision(asked, torch.device("cpu"))():
        assert torch.ones(2, 2).mm(torch.ones(2, 2)).dtype == torch.float32
    with pytest.raises(BadInput, match=rf"^params.yaml: run.{says}, which is for a GPU, .*$"):
        precision(asked.model_copy(update=changes), torch.device("cpu"))


def test_bfloat16_is_mixed_on_a_gpu() -> None:
    asked = plain(1, 1).model_copy(update={"precision": "bfloat16"})
    context = precision(asked, torch.device("cuda"))
    assert isinstance(context, partial)
    assert (context.func, context.args) == (torch.autocast, ("cuda", torch.bfloat16))
