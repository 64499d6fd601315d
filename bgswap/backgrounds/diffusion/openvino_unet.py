"""A UNet that OpenVINO runs, in the place of a pipeline's own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import ConfigMixin, ModelMixin
from torch import Tensor

from bgswap.models.prepared import CONFIG, NETWORK


class OpenVinoUnet(ModelMixin, ConfigMixin):
    """A converted UNet with the interface that Stable Diffusion's pipelines use.

    Args:
        network: a compiled OpenVINO model with the inputs latents, time and text, and one output.
        config: of the UNet that was converted.
    """

    config_name = CONFIG  # type: ignore[assignment]

    def __init__(self, network: Any, config: dict[str, Any]) -> None:
        super().__init__()
        self._network = network
        self.register_to_config(**config)

    @classmethod
    def load(cls, folder: Path) -> "OpenVinoUnet":
        """From the folder of a conversion; the weights are mapped into memory."""
        return cls(
            compiled(folder / NETWORK),
            json.loads((folder / CONFIG).read_text(encoding="utf-8")),
        )

    @property
    def dtype(self) -> torch.dtype:
        """Of inputs and output."""
        return torch.float32

    @property
    def device(self) -> torch.device:
        """The CPU."""
        return torch.device("cpu")

    def forward(
        self,
        sample: Tensor,
        timestep: Tensor | float,
        encoder_hidden_states: Tensor,
        return_dict: bool = True,
        **others: Any,
    ) -> tuple[Tensor]:
        """The prediction for latents (N, C, h, w), as a tuple.

        Raises:
            ValueError: an input that was not converted is given.
        """
        given = sorted(name for name, value in others.items() if value is not None)
        if given or return_dict:
            raise ValueError(f"the converted UNet takes no {given or 'return_dict'}")
        inputs = [
            sample.numpy(),
            np.array(float(timestep), np.float32),
            encoder_hidden_states.numpy(),
        ]
        return (torch.from_numpy(self._network(inputs)[0].copy()),)


def compiled(network: Any) -> Any:
    """An OpenVINO model, or the file of one, compiled for the CPU with as many threads as torch."""
    import openvino

    options = {
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
        # Of what is not quantized: bfloat16, the default where the CPU has it, is too coarse.
        "INFERENCE_PRECISION_HINT": "f32",
    }
    return openvino.Core().compile_model(network, "CPU", options)
