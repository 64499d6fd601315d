"""Building blocks of the networks whose input is a person's crop."""

from torch import Tensor, nn
from torch.nn import functional as F

# Input channels: red, green, blue, this person's rough mask, all others' masks.
INPUTS = 5


def conv_bn(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """A convolution and batch normalisation."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class Residual(nn.Module):
    """Two convolutions with a residual connection."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = conv_bn(channels, channels), conv_bn(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        changed = self.second(F.relu(self.first(x), inplace=True))
        return F.relu(x + changed, inplace=True)
