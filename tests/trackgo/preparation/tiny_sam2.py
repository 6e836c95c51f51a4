"""A SAM 2 video model of real structure and no size, with random weights."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import Sam2HieraDetConfig, Sam2VideoConfig, Sam2VideoModel, Sam2VisionConfig

WIDTHS = [16, 32, 64, 128]


def save_tiny_sam2(folder: Path) -> Path:
    """Written as ``save_pretrained`` writes it."""
    backbone = Sam2HieraDetConfig(
        hidden_size=16, num_attention_heads=1, image_size=[128, 128], blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=WIDTHS, num_attention_heads_per_stage=[1, 1, 2, 2], global_attention_blocks=[3],
        window_size_per_stage=[8, 4, 4, 4],
    )  # fmt: skip
    vision = Sam2VisionConfig(
        backbone_config=backbone.to_dict(), backbone_channel_list=WIDTHS[::-1],
        backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]], fpn_hidden_size=128,
    )  # fmt: skip
    config = Sam2VideoConfig(
        vision_config=vision.to_dict(), image_size=128,
        prompt_encoder_config={"hidden_size": 128, "image_size": 128},
        mask_decoder_config={"hidden_size": 128, "mlp_dim": 64, "iou_head_hidden_dim": 64},
        memory_attention_hidden_size=128, memory_attention_num_layers=1, memory_attention_feed_forward_hidden_size=64,
        memory_attention_rope_feat_sizes=[8, 8], memory_encoder_hidden_size=128, memory_encoder_output_channels=64,
        mask_downsampler_embed_dim=128, memory_fuser_embed_dim=128, memory_fuser_intermediate_dim=64,
    )  # fmt: skip
    torch.manual_seed(0)
    model = Sam2VideoModel(config)
    with torch.no_grad():
        for weight in model.mask_decoder.parameters():
            if weight.ndim > 1:
                weight.mul_(30)  # else all masks are empty
    model.save_pretrained(folder)
    return folder
