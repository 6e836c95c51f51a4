"""Features of videos and frames for FVD and FID, from well-kept libraries and weights that a person allows or brings.

Nothing is fetched without consent, and everything else is computed without it. The libraries (extra ``evaluate``) open
the weight files with torch.load: give only files you trust.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError  # what torch.load, inside the libraries, raises for a file of another kind

import numpy as np
from numpy.typing import NDArray

Extract = Callable[[NDArray[np.uint8]], NDArray[np.float64]]
"""A video uint8 [L, H, W, 3] → features [1 or L, D]."""


class Missing(ValueError):
    """A part that a figure needs is not there; the message says which and how to get it."""


@dataclass(frozen=True)
class FeatureModel:
    """One way to measure a Fréchet distance.

    size: of a feature vector; with fewer samples their covariance has no full rank. unit: what a sample is.
    package, module: the library that holds the network. file, url, digest: its weights and the beginning of their
    SHA-256, where one was published. ddof: how that library divides covariances. least, exact: frames it needs.
    """

    figure: str
    size: int
    unit: str
    package: str
    module: str
    file: str
    url: str
    digest: str | None
    ddof: int
    least: int = 1
    exact: int | None = None


FID = FeatureModel(
    "FID", 2048, "frames", "torch-fidelity", "torch_fidelity", "weights-inception-2015-12-05-6726825d.pth",
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    "6726825d", 1,
)  # fmt: skip
FVD_I3D = FeatureModel(
    "FVD (I3D)", 400, "videos", "cd-fvd", "cdfvd", "i3d_pretrained_400.pt",
    "https://github.com/songweige/TATS/raw/main/tats/fvd/i3d_pretrained_400.pt", None, 0, least=9,
)  # fmt: skip
FVD_VIDEOMAE = FeatureModel(
    "FVD (VideoMAE)", 1408, "videos", "cd-fvd", "cdfvd", "vit_g_hybrid_pt_1200e_ssv2_ft.pth",
    "https://pjlab-gvm-data.oss-cn-shanghai.aliyuncs.com/internvideo/videomaev2/vit_g_hybrid_pt_1200e_ssv2_ft.pth",
    None, 0, exact=16,
)  # fmt: skip
FVD_MODELS = {"i3d": FVD_I3D, "videomae": FVD_VIDEOMAE}


def weights_folder() -> Path:
    """Where fetched weights are kept: $XDG_CACHE_HOME/trackgo, by default ~/.cache/trackgo."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trackgo"


def open_extractor(
    model: FeatureModel, frames: int, device: str, weights: Path | None = None, allow_download: bool = False
) -> Extract:
    """Make a feature extractor ready.

    Args:
        frames: length of the videos.
        weights: the file; by default the one fetched earlier.
        allow_download: consent to fetch it, once.

    Raises:
        Missing: the library, the weights, or consent; or videos of a length the network cannot take.
    """
    if frames < model.least or model.exact not in (None, frames):
        needs = f"videos of {model.exact} frames" if model.exact else f"at least {model.least} frames"
        raise Missing(f"{model.figure} needs {needs}, not {frames}")
    try:
        importlib.import_module(model.module)
    except ImportError as error:
        raise Missing(
            f"{model.figure} needs {model.package}: pip install {model.package}, or pip install -e '.[evaluate]' "
            f"in the folder of ComfyUI-TrackGo; {error}"
        ) from error
    path = _weights(model, weights, allow_download)
    build = {"FID": _inception, "FVD (I3D)": _i3d, "FVD (VideoMAE)": _videomae}[model.figure]
    try:
        with redirect_stdout(sys.stderr):  # the libraries announce what they load
            return build(path, device)
    except (RuntimeError, KeyError, OSError, EOFError, ValueError, UnpicklingError) as error:
        reason = str(error).strip().splitlines()[0][:200].rstrip(":") if str(error) else type(error).__name__
        raise Missing(f"{model.figure}: '{path}' does not hold the weights of {model.file}: {reason}") from error


def _weights(model: FeatureModel, given: Path | None, allow_download: bool) -> Path:
    if given is not None:
        if not given.is_file():
            raise Missing(f"{model.figure}: there are no weights at '{given}'")
        return given
    kept = weights_folder() / model.file
    if kept.is_file():
        return kept
    flag = "--fid-weights" if model is FID else "--fvd-weights"
    if not allow_download:
        raise Missing(
            f"{model.figure} needs {model.file}: say --allow-download to fetch it once from {model.url}, or give "
            f"its place by {flag}"
        )
    from torch.hub import download_url_to_file

    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        download_url_to_file(model.url, str(kept), hash_prefix=model.digest, progress=True)
    except (OSError, RuntimeError) as error:
        raise Missing(
            f"{model.figure}: {model.url} could not be fetched ({error}); give {model.file} by {flag}"
        ) from error
    return kept


def _inception(path: Path, device: str) -> Extract:
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    network = FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path))
    network.to(device)

    def extract(video: NDArray[np.uint8]) -> NDArray[np.float64]:
        rows = []
        with torch.no_grad():
            for frame in video:  # one at a time: a frame of 1024×576 grows to hundreds of MB inside
                picture = torch.from_numpy(np.ascontiguousarray(frame)).movedim(-1, 0)[None].to(device)
                rows.append(network(picture)[0].cpu().double().numpy())
        return np.concatenate(rows)

    return extract


def _i3d(path: Path, device: str) -> Extract:
    import torch
    from cdfvd.third_party.i3d.utils import load_i3d_model, preprocess_i3d

    network = load_i3d_model(torch.device(device), str(path))

    def extract(video: NDArray[np.uint8]) -> NDArray[np.float64]:
        with torch.no_grad():
            return network(preprocess_i3d(video[None]).to(device)).cpu().double().numpy()

    return extract


def _videomae(path: Path, device: str) -> Extract:
    import torch
    from cdfvd.third_party.VideoMAEv2.utils import load_videomae_model, preprocess_videomae

    network = load_videomae_model(torch.device(device), str(path)).eval()

    def extract(video: NDArray[np.uint8]) -> NDArray[np.float64]:
        with torch.no_grad():
            return network.forward_features(preprocess_videomae(video[None]).to(device)).cpu().double().numpy()

    return extract
