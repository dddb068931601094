"""Training beside what one would take instead: seconds a step, overhead, and the share of the convolutions' roofline.

    python -m benchmarks.training [NETWORK ...]

Contenders, all with one thread, the same weights, images, order, batches (32; 128 of the residual networks, as in their
papers) and heavy ball:

- loader, pictures: the loop of PyTorch's tutorials; images come one at a time by way of PIL, as torchvision's data sets
  hand them out, and DataLoader makes batches of them;
- loader, tensors: the same loop, DataLoader over a TensorDataset;
- lightning: pytorch-lightning over that, everything switched off that a training can do without;
- keras: its own layers on torch, the weights copied in, fit() over arrays.

Each is a process that waits its turn: they train epochs in rotation, so that what else the machine does falls on all,
and ratios are of medians. Seconds are those that a process computes. The mean losses of the first epoch must agree: all
did the same work. Overhead is a contender's step less a bare one: forward, backward and step alone, of the same network
in the same process, over batches that lie ready. The roofline is explained in roofline.py. The contenders live in an
environment of their own, which is made in bakeoff's cache.

On a GPU, where there is one: see gpu.py.
"""

import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pipeline  # noqa: F401  first: it sets the environment that the pipeline computes in

# isort: split

from bakeoff.base.machine import processor
from benchmarks import contender
from benchmarks.training import gpu
from benchmarks.training.contenders import CONTENDERS
from benchmarks.training.environment import interpreter
from benchmarks.training.networks import TRAINED

ROUNDS = 7
FASTER = {"cnn": 1.7, "resnet-8": 1.7}  # times a DataLoader over pictures
SHARES = {"cnn": 0.45, "resnet-8": 0.5, "wrn-16-2": 0.5}  # of the roofline
OVERHEAD = 0.5  # of Lightning's, on the MLP
AGREE = 1e-4  # relative, of the mean losses of the first epoch: float32, before hundreds of steps enlarge its rounding


@dataclass
class Process:
    """A contender at work on a network."""

    process: subprocess.Popen[str]
    steps: int
    told: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def ask(self, what: str) -> None:
        """Have it measure something once more."""
        self.told.setdefault(what, []).append(contender.ask(self.process, what))

    def step(self, what: str = "epoch") -> float:
        """Median seconds of a step."""
        return statistics.median(answer["seconds"] for answer in self.told[what][1:]) / self.steps

    @property
    def overhead(self) -> float:
        """Median seconds of a step beside forward, backward and update: each epoch against the bare one after it."""
        pairs = zip(self.told["epoch"][1:], self.told["bare"][1:], strict=True)
        return statistics.median(epoch["seconds"] - bare["seconds"] for epoch, bare in pairs) / self.steps


def start(name: str, network: str, python: Path) -> Process:
    command = ["benchmarks.training.contenders", name, network]
    process = contender.start(command, None if name == "bakeoff" else python)
    return Process(process, TRAINED[network].steps)


def compare(network: str, python: Path) -> bool:
    """Print the lines of a network; whether it is as fast as was aimed at."""
    processes = {name: start(name, network, python) for name in CONTENDERS}
    ours = processes["bakeoff"]
    for _ in range(ROUNDS + 1):  # the first warms up
        for name, process in processes.items():
            process.ask("epoch")
            if name != "keras":
                process.ask("bare")
        ours.ask("roofline")
    for process in processes.values():
        assert process.process.stdin
        process.process.stdin.close()
        process.process.wait()
    well = True
    for name, process in processes.items():
        times = process.step() / ours.step()
        aim = FASTER.get(network) if name == "loader, pictures" else None
        well &= aim is None or times >= aim
        overhead = "" if name == "keras" else f"  overhead {process.overhead * 1e6:6.0f} us"
        least = f"  (at least {aim} x)" if aim else ""
        print(f"{network:<9} {name:<17} {process.step() * 1e3:8.2f} ms a step {times:5.2f} x{overhead}{least}")
    losses = {name: process.told["epoch"][0]["loss"] for name, process in processes.items()}
    astray = [name for name, loss in losses.items() if abs(loss / losses["bakeoff"] - 1) > AGREE]
    if astray:
        print(f"{network:<9} losses differ, so the work was not the same: {losses}")
    if network == "mlp":
        share = ours.overhead / processes["lightning"].overhead
        well &= share <= OVERHEAD
        print(f"{network:<9} overhead {share:.2f} of Lightning's  (at most {OVERHEAD})")
    best = statistics.median(answer["best"] for answer in ours.told["roofline"])
    if best:
        reached = ours.told["roofline"][0]["operations"] / ours.step()
        well &= reached / best >= SHARES[network]
        print(
            f"{network:<9} {reached / 1e9:.1f} of {best / 1e9:.1f} GFLOP/s: {reached / best:.0%} of its convolutions' "
            f"roofline  (at least {SHARES[network]:.0%})"
        )
    sys.stdout.flush()
    return well and not astray


def main() -> None:
    networks = sys.argv[1:] or list(TRAINED)
    python = interpreter()
    print(f"{processor()}, one thread, torch {version('torch')}, float32; medians of {ROUNDS}", flush=True)
    well = [compare(network, python) for network in networks]
    gpu.measure()
    if not all(well):
        sys.exit("error: below what was aimed at")


if __name__ == "__main__":
    main()
