"""ViTMatte's own class at tiny size, with random weights."""

from pathlib import Path

import torch
from transformers import VitDetConfig, VitMatteConfig, VitMatteForImageMatting


def tiny_vitmatte() -> VitMatteForImageMatting:
    torch.manual_seed(0)
    backbone = VitDetConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=64,
        pretrain_image_size=32,
        patch_size=16,
        num_channels=4,
        out_features=["stage2"],
    )
    return VitMatteForImageMatting(
        VitMatteConfig(
            backbone_config=backbone,
            hidden_size=16,
            convstream_hidden_sizes=[8, 8, 8],
            fusion_hidden_sizes=[8, 8, 8, 8],
        )
    )


def save_vitmatte(folder: Path) -> Path:
    tiny_vitmatte().save_pretrained(folder)
    return folder
