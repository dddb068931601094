"""On a GPU: images a second and the share of its peak, for larger networks in bfloat16, channels last.

A step is forward, backward and heavy ball, the weights in float32 and the layers under autocast. The peak is measured
too: the best rate of a bfloat16 matrix product with 8,192 rows and columns. Runs alternate; rates are of medians.
"""

import statistics
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from bakeoff.networks.registry import NETWORKS
from benchmarks.training.networks import BETA, CLASSES, RATE, RESIDUAL

RUNS, STEPS, SQUARE = 7, 20, 8192
# model, settings, shape (C, H, W), batch
TRAINED = {
    "resnet-20": ("resnet", RESIDUAL | {"depth": 20, "channels": 16, "shortcut": "identity"}, (3, 32, 32), 512),
    "wrn-16-8": ("wide_resnet", RESIDUAL | {"depth": 16, "widening": 8, "dropout": 0.0}, (3, 32, 32), 512),
    "unet": (
        "unet",
        {
            "channels": 32,
            "depth": 4,
            "activation": "relu",
            "padding": "same",
            "up": "nearest",
            "normalisation": "none",
            "dropout": 0.0,
            "residual": False,
            "skips": True,
            "initialisation": "he",
        },
        (1, 256, 256),
        32,
    ),
}


def measure() -> None:
    """Print a line for each network, or that there is no GPU."""
    if not torch.cuda.is_available():
        print("no GPU here: ResNet-20, WRN-16-8 and UNet in bfloat16 were not measured")
        return
    device = torch.device("cuda")
    square = torch.rand(SQUARE, SQUARE, device=device, dtype=torch.bfloat16)
    steps = {name: (step(name, device), STEPS) for name in TRAINED} | {"peak": (lambda: square @ square, STEPS)}
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for run in range(RUNS + 1):  # the first warms up
        for name, (work, times) in steps.items():
            seconds = timed(work, times)
            if run:
                taken[name].append(seconds / times)
    peak = 2 * SQUARE**3 / statistics.median(taken["peak"])
    print(f"{torch.cuda.get_device_name()}, bfloat16, peak measured {peak / 1e12:.0f} TFLOP/s")
    for name, (_, _, _, batch) in TRAINED.items():
        seconds = statistics.median(taken[name])
        share = operations(name, device) / seconds / peak
        print(f"{name:<9} {batch / seconds:,.0f} images/s, {share:.0%} of the peak")


def step(name: str, device: torch.device) -> Callable[[], object]:
    network, x, y = made(name, device)
    optimizer = torch.optim.SGD(network.parameters(), RATE, momentum=BETA, fused=True)

    def work() -> None:
        optimizer.zero_grad()
        loss(network, x, y).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return work


def made(name: str, device: torch.device) -> tuple[nn.Module, Tensor, Tensor]:
    """The network, a batch, and a label for each image, or for each pixel of a UNet's."""
    model, settings, shape, batch = TRAINED[name]
    spec = NETWORKS[model]
    generator = torch.Generator().manual_seed(0)
    network = spec.build(spec.settings.model_validate(settings), shape, CLASSES, generator).to(device)
    x = torch.rand(batch, *shape).to(device, memory_format=torch.channels_last)
    pixels = shape[1:] if model == "unet" else ()
    return network, x, torch.randint(CLASSES, (batch, *pixels)).to(device)


def loss(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    with torch.autocast(x.device.type, torch.bfloat16):
        return F.cross_entropy(network(x), y)


def operations(name: str, device: torch.device) -> int:
    """Of a step, forward and backward, two for a multiply-add."""
    network, x, y = made(name, device)
    with FlopCounterMode(display=False) as counter:
        loss(network, x, y).backward()  # type: ignore[no-untyped-call]
    return counter.get_total_flops()


def timed(work: Callable[[], object], times: int) -> float:
    """Seconds, until the GPU has done it all."""
    torch.cuda.synchronize()
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(times):
        work()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1000
