"""The networks once more, of Keras' layers, with the weights of the originals. Run where Keras is installed."""

from typing import Any

import keras
import numpy as np
import torch
from keras import layers, ops
from numpy.typing import NDArray
from torch import nn

from bakeoff.networks.modules.resnet import Block, ResNet, Subsampled
from bakeoff.networks.modules.wide_resnet import WideBlock, WideResNet
from benchmarks.training.networks import Trained


def translate(network: nn.Module, trained: Trained, examples: NDArray[np.float32]) -> keras.Model:
    """The model, which is held against the network on the examples (N, H, W, C), in training as in evaluation.

    Raises:
        ValueError: they differ.
    """
    C, H, W = trained.shape
    inputs = keras.Input((H, W, C))
    model = keras.Model(inputs, Translation()(network, inputs))
    images = torch.from_numpy(examples).permute(0, 3, 1, 2)
    for training in (False, True):
        original = {name: values.clone() for name, values in network.state_dict().items()}
        expected = network.train(training)(images).detach().numpy()
        network.load_state_dict(original)
        kept = [np.array(values) for values in model.get_weights()]
        got = np.asarray(keras.ops.convert_to_numpy(model(examples, training=training)))
        model.set_weights(kept)
        if not np.allclose(got, expected, rtol=1e-3, atol=1e-4):  # float32, sums in another order
            raise ValueError(f"{trained.model} in Keras gives {got[0]}, and should {expected[0]}")
    return model


class Translation:
    """Applies a module to Keras' symbolic tensors.

    Attributes:
        image: (H, W, C) of what was last flattened, if a dense layer has not met it yet.
    """

    def __init__(self) -> None:
        self.image: tuple[int, ...] | None = None

    def __call__(self, module: nn.Module, x: Any) -> Any:
        match module:
            case nn.Sequential():
                for layer in module:
                    x = self(layer, x)
                return x
            case nn.Linear():
                return self.dense(module, x)
            case nn.Conv2d():
                return convolution(module, x)
            case nn.BatchNorm2d():
                values = (module.weight, module.bias, module.running_mean, module.running_var)
                return holding(layers.BatchNormalization(momentum=0.9, epsilon=1e-5), x, values)
            case nn.Flatten():
                self.image = tuple(x.shape[1:])
                return layers.Flatten()(x)
            case nn.ReLU():
                return layers.ReLU()(x)
            case nn.MaxPool2d():
                return layers.MaxPooling2D(2)(x)
            case nn.Identity():
                return x
            case Subsampled():
                seen = x[:, :: module.stride, :: module.stride, :]
                return ops.pad(seen, [[0, 0], [0, 0], [0, 0], [0, module.added]]) if module.added else seen
            case Block():
                h = self(module.active, self(module.norm1, self(module.conv1, x)))
                residual = self(module.norm2, self(module.conv2, h))
                shortcut = None if module.shortcut is None else self(module.shortcut, x)
                return self(module.active, residual if shortcut is None else layers.add([residual, shortcut]))
            case WideBlock():
                h = self(module.active, self(module.norm1, x))
                shortcut = x if module.projection is None else self(module.projection, h)
                h = self(module.active, self(module.norm2, self(module.conv1, h)))
                return layers.add([shortcut, self(module.conv2, h)])
            case ResNet():
                x = self(module.blocks, self(module.active, self(module.norm, self(module.conv, x))))
            case WideResNet():
                x = self(module.active, self(module.norm, self(module.blocks, self(module.conv, x))))
            case _:
                raise TypeError(f"{type(module).__name__} has no translation")
        return self(module.head, layers.GlobalAveragePooling2D()(x))

    def dense(self, module: nn.Linear, x: Any) -> Any:
        weight = module.weight.detach()  # (outputs, inputs)
        if self.image and len(self.image) == 3:
            H, W, C = self.image
            weight = weight.view(-1, C, H, W).permute(0, 2, 3, 1).flatten(1)
        self.image = None
        return holding(layers.Dense(module.out_features), x, (weight.T, module.bias))


def convolution(module: nn.Conv2d, x: Any) -> Any:
    kernel, stride = module.kernel_size[0], module.stride[0]
    if stride > 1 and kernel > 1:  # Keras' own padding would begin at another pixel
        x = layers.ZeroPadding2D(kernel // 2)(x)
    padding = "same" if stride == 1 else "valid"
    layer = layers.Conv2D(module.out_channels, kernel, stride, padding, use_bias=module.bias is not None)
    return holding(layer, x, (module.weight.detach().permute(2, 3, 1, 0), module.bias))


def holding(layer: Any, x: Any, weights: tuple[torch.Tensor | None, ...]) -> Any:
    """The layer applied, with these weights in it."""
    y = layer(x)
    layer.set_weights([weight.detach().numpy().copy() for weight in weights if weight is not None])
    return y
