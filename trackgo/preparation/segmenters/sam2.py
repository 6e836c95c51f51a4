"""SAM 2 by Meta through transformers' Sam2VideoModel (Apache-2.0): points on a grid of the first frame, propagated.

Nothing is downloaded: the weights are a local folder, or a model in the local cache.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange

from ..decode import Window
from ..flow import Flow

_GRID = 8
"""Prompts along each side of the first frame."""

_MIN_SHARE, _MAX_SHARE = 0.002, 0.6
_SAME = 0.6
"""Intersection over union above which two prompts found the same thing."""

_MIN_MOTION = 0.25
"""Pixels per step at flow's working size: what moves comes first."""

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class Sam2:
    """A SAM 2 video model.

    Raises:
        ValueError: transformers has no SAM 2, or there are no weights at ``model``.
    """

    def __init__(self, model: str) -> None:
        try:
            from transformers import Sam2VideoModel
        except ImportError as error:
            raise ValueError(
                f"segmenter 'sam2' needs transformers with Sam2VideoModel (4.56 or newer): {error}"
            ) from error
        if not model:
            raise ValueError("segmenter 'sam2' needs a model: sam2:FOLDER, or a name in the local cache")
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self.model = Sam2VideoModel.from_pretrained(model, local_files_only=True).to(self.device).eval()
        except (OSError, ValueError, ImportError) as error:
            raise ValueError(f"there is no SAM 2 video model at '{model}': {error}") from error
        self.version = f"sam2 ({model.rstrip('/').rsplit('/', 1)[-1]})"

    def segment(self, window: Window, flow: Flow, most: int) -> np.ndarray:
        """See ``Segmenter``."""
        with torch.inference_mode():
            prompts = self._prompts(window.frames, flow, most)
            frames, height, width = window.frames.shape[:3]
            masks = np.zeros((frames, len(prompts), height, width), bool)
            if prompts:
                session = self._session(window.frames, prompts)
                for output in self.model.propagate_in_video_iterator(session, start_frame_idx=0):
                    found = self._masks(output, height, width)
                    masks[output.frame_idx, [number - 1 for number in output.object_ids]] = found
        return masks

    def _session(self, frames: np.ndarray, points: list[tuple[float, float]]):
        """A session on the frames with one thing, numbered from 1, per point of the first frame (pixels).

        Built by hand: transformers' own processor needs torchvision, which nothing else here does.
        """
        from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

        height, width = frames.shape[1:3]
        side = self.model.config.image_size
        session = Sam2VideoInferenceSession(
            self._pixels(frames), height, width, self.device, self.device, self.device, dtype=self.model.dtype
        )
        for number, point in enumerate(points, start=1):
            place = torch.tensor(point, dtype=torch.float32) * torch.tensor([side / width, side / height])
            prompt = {"point_coords": place.view(1, 1, 1, 2), "point_labels": torch.ones(1, 1, 1, dtype=torch.int32)}
            session.add_point_inputs(session.obj_id_to_idx(number), 0, prompt)
        session.obj_with_new_inputs = list(range(1, len(points) + 1))
        return session

    def _pixels(self, frames: np.ndarray) -> torch.Tensor:
        """uint8 [L, H, W, 3] → [L, 3, side, side] as the model was trained on: squeezed to a square, normalised."""
        side = self.model.config.image_size
        square = np.stack([cv2.resize(frame, (side, side), interpolation=cv2.INTER_LINEAR) for frame in frames])
        values = (square.astype(np.float32) / 255 - _MEAN) / _DEVIATION
        return rearrange(torch.from_numpy(values), "l h w c -> l c h w").to(self.device, self.model.dtype)

    def _masks(self, output: object, height: int, width: int) -> np.ndarray:
        """A frame's masks bool [S, H, W]."""
        logits = F.interpolate(output.pred_masks.float(), (height, width), mode="bilinear", align_corners=False)
        return (logits[:, 0] > 0).cpu().numpy()

    def _prompts(self, frames: np.ndarray, flow: Flow, most: int) -> list[tuple[float, float]]:
        """Points whose things differ, what moves first, then by area."""
        height, width = frames.shape[1:3]
        step = (np.arange(_GRID) + 0.5) / _GRID
        points = [(float(x * width), float(y * height)) for y in step for x in step]
        session = self._session(frames[:1], points)
        found = self._masks(self.model(inference_session=session, frame_idx=0), height, width)
        shares = found.mean(axis=(1, 2))
        usable = [n for n in range(len(points)) if _MIN_SHARE <= shares[n] <= _MAX_SHARE]
        speed = cv2.resize(np.linalg.norm(flow.residual(0), axis=-1), (width, height))
        usable.sort(key=lambda n: (float(np.median(speed[found[n]])) < _MIN_MOTION, -shares[n]))
        chosen: list[int] = []
        for n in usable:
            if len(chosen) < most and all(_overlap(found[n], found[other]) < _SAME for other in chosen):
                chosen.append(n)
        return [points[n] for n in chosen]


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union."""
    return float((a & b).sum() / max((a | b).sum(), 1))
