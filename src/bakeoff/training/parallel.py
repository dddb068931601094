"""One training in several processes: each batch in shards, whose gradients are added up in the order of the shards.

The number of shards is a setting and part of the result; the number of processes, which torchrun starts, is not: it has
to divide the shards, and one process alone goes through all of them to the same bytes.

    torchrun --nproc-per-node 4 -m pipeline.train_network --task images --model resnet --optimizer adam
"""

import atexit
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Generic

import torch
import torch.distributed as dist
from torch import Tensor, nn

from bakeoff.base.distributed import leads, world
from bakeoff.base.settings import BadInput
from bakeoff.training.workload import Batch, Workload


def join(shards: int, device: torch.device) -> None:
    """Join the process group of torchrun, if there is one.

    Raises:
        BadInput: they cannot share the shards evenly.
    """
    size = world()[1]
    if shards % size:
        raise BadInput(
            f"params.yaml: run.shards is {shards}, and torchrun started {size} processes; "
            f"write a multiple of {size}, or start as many as divide it"
        )
    if size > 1 and not dist.is_initialized():
        if device.type == "cuda":
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(leave)


def leave() -> None:
    """Shut down gloo's threads before the interpreter exits; otherwise a waiting thread aborts the process."""
    if dist.is_initialized() and dist.get_backend() == "gloo":
        dist.destroy_process_group()


def meet() -> None:
    """Wait for all processes."""
    if dist.is_initialized():
        with together():
            dist.barrier()


@contextmanager
def together() -> Iterator[None]:
    """Run the block in all processes. Rank 0 reports errors; the others exit silently once rank 0 is gone.

    torchrun sends SIGTERM to all, for example: rank 0 saves the state after its step, and is gone at the next one.
    """
    try:
        yield
    except RuntimeError:  # gloo's and nccl's: a connection was closed
        if leads():
            raise
        sys.exit(128 + signal.SIGTERM)


class Sharded(Generic[Batch]):
    """The gradient of the mean loss over a batch, as a sum over its shards (map-reduce).

        g = sum_s (n_s / n) g_s,   g_s the gradient of the mean loss over the n_s examples of shard s

    Added in the order of s, so that the bytes are the same for any number of processes. But for rounding it is the
    gradient of the batch as a whole, unless examples of a batch meet each other: batch norm normalises each shard by
    its own mean and variance, as it does in torch's DistributedDataParallel, and its running statistics are the mean
    over the shards'. Masks of dropout are drawn for each shard from a seed of its own.

    Source: Chu et al. 2006, Map-Reduce for Machine Learning on Multicore; for batch norm: Goyal et al. 2017,
    arXiv:1706.02677, section 2.3.
    """

    def __init__(
        self,
        network: nn.Module,
        workload: Workload[Batch],
        shards: int,
        generator: torch.Generator,
        precision: Callable[[], AbstractContextManager[object]],
    ) -> None:
        """Args:
        network: as it is called; perhaps compiled.
        """
        self.network, self.workload, self.shards = network, workload, shards
        self.generator, self.precision = generator, precision
        self.parameters = [weight for weight in network.parameters() if weight.requires_grad]
        self.running = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
        self.counts = [buffer for buffer in network.buffers() if not buffer.is_floating_point()]
        join(shards, self.parameters[0].device)
        rank, self.size = world()
        each = shards // self.size
        self.mine = range(rank * each, (rank + 1) * each)

    def __call__(self, batch: Batch) -> Tensor:
        """Return the loss; the gradient is stored with the weights."""
        parts = self.workload.shards(batch, self.shards)
        whole = sum(size for _, size in parts)
        seeds = torch.randint(2**63 - 1, (self.shards,), generator=self.generator).tolist()
        now = self.generator.get_state()
        start = [buffer.clone() for buffer in (*self.running, *self.counts)]
        sums = [self.part(*parts[s], whole, seeds[s], start) for s in self.mine]
        self.generator.set_state(now)
        return self.share_out(self.gather(sums))

    def part(self, batch: Batch, size: int, whole: int, seed: int, start: list[Tensor]) -> Tensor:
        """Return the contribution of a shard to loss, gradients and running statistics, as one flat tensor."""
        for buffer, value in zip((*self.running, *self.counts), start, strict=True):
            buffer.copy_(value)
        for weight in self.parameters:
            weight.grad = None
        if not size:  # a batch of fewer examples than shards
            length = 1 + sum(tensor.numel() for tensor in (*self.parameters, *self.running))
            return torch.zeros(length, device=self.parameters[0].device)
        self.generator.manual_seed(seed)
        with self.precision():
            loss = self.workload.loss(self.network, batch) * (size / whole)
        loss.backward()  # type: ignore[no-untyped-call]
        gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in self.parameters]
        running = [buffer * (size / whole) for buffer in self.running]
        return torch.cat([tensor.detach().reshape(-1) for tensor in (loss, *gradients, *running)])

    def gather(self, sums: list[Tensor]) -> Tensor:
        """Return the sum over all shards, in their order."""
        if self.size > 1:
            mine = torch.stack(sums)
            everyone = [torch.empty_like(mine) for _ in range(self.size)]
            with together():
                dist.all_gather(everyone, mine)
                for count in self.counts:  # those of a process without examples have not moved
                    dist.all_reduce(count, dist.ReduceOp.MAX)
            sums = [part for parts in everyone for part in parts]
        total = sums[0].clone()
        for part in sums[1:]:
            total += part
        return total

    def share_out(self, total: Tensor) -> Tensor:
        sizes = [1, *(tensor.numel() for tensor in (*self.parameters, *self.running))]
        loss, *rest = torch.split(total, sizes)
        gradients, running = rest[: len(self.parameters)], rest[len(self.parameters) :]
        for weight, gradient in zip(self.parameters, gradients, strict=True):
            weight.grad = torch.empty_like(weight).copy_(gradient.view(weight.shape))  # in the layout of the weight
        for buffer, value in zip(self.running, running, strict=True):
            buffer.copy_(value.view(buffer.shape))
        return loss.squeeze()
