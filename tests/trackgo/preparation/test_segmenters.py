from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import Sam2VideoModel

from tests.trackgo.preparation.clips import KnownClip, known_clip
from tests.trackgo.preparation.tiny_sam2 import save_tiny_sam2
from trackgo.center_crop import CenterCrop
from trackgo.preparation.decode import Window
from trackgo.preparation.flow import dense_flow
from trackgo.preparation.segmenters import build_segmenter, check_masks
from trackgo.preparation.segmenters.masks import read_labels


def window_of(clip: KnownClip, source: str = "clip.mp4") -> Window:
    length, height, width = clip.frames.shape[:3]
    return Window(Path(source), clip.frames, tuple(range(length)), 10, CenterCrop(width, height, width, height))


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


@pytest.mark.slow
def test_motion_finds_what_moves_over_a_panned_background() -> None:
    first, later = [], []
    for index in range(5):
        clip = known_clip(index, 12, 448, 256)
        found = build_segmenter("motion").segment(window_of(clip), dense_flow(clip.frames), 6)
        assert found.shape[:1] + found.shape[2:] == clip.masks.shape[:1] + clip.masks.shape[2:]
        for thing in range(clip.masks.shape[1]):
            scores = [overlap(clip.masks[0, thing], found[0, n]) for n in range(found.shape[1])]
            best = int(np.argmax(scores)) if scores else 0
            first.append(max(scores, default=0.0))
            later.append(overlap(clip.masks[-1, thing], found[-1, best]) if scores else 0.0)
    assert np.mean(first) >= 0.75
    assert np.mean(later) >= 0.5


def test_motion_finds_nothing_where_only_the_camera_moves() -> None:
    clip = known_clip(4, 10, 320, 192)
    plate = np.pad(clip.frames[0], ((40, 40), (60, 60), (0, 0)), mode="reflect")
    frames = np.stack([plate[i : i + 192, 3 * i : 3 * i + 320] for i in range(10)])
    window = Window(Path("pan.mp4"), frames, tuple(range(10)), 10, CenterCrop(320, 192, 320, 192))
    found = build_segmenter("motion").segment(window, dense_flow(frames), 6)
    assert found.shape[1] == 0


def test_motion_gives_no_more_things_than_asked_for() -> None:
    clip = known_clip(0, 10, 320, 192)
    flow, motion = dense_flow(clip.frames), build_segmenter("motion")
    (one,), several = motion.segment(window_of(clip), flow, 1)[0], motion.segment(window_of(clip), flow, 6)[0]
    assert len(several) > 1 and np.array_equal(one, several[0]), "the most important one is left"
    assert max(overlap(one, mask) for mask in clip.masks[0]) > 0.6


Writer = Callable[[Path, np.ndarray], None]


def indexed(path: Path, labels: np.ndarray) -> None:
    picture = Image.fromarray(labels.astype(np.uint8), mode="P")
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    picture.save(path)


def panoptic(path: Path, labels: np.ndarray) -> None:
    Image.fromarray((labels * 1003).astype(np.uint16)).save(path)


def colored(path: Path, labels: np.ndarray) -> None:
    Image.fromarray(np.stack([labels * 40, labels * 7, labels * 0], axis=-1).astype(np.uint8)).save(path)


@pytest.mark.parametrize("write", [indexed, panoptic, colored])
def test_masks_come_from_pictures_per_frame(tmp_path: Path, write: Writer) -> None:
    clip = known_clip(0, 6, 192, 128)
    folder = tmp_path / "Annotations" / "clip"
    folder.mkdir(parents=True)
    for frame in range(6):
        write(
            folder / f"{5 * frame:05d}.png", clip.masks[frame, 0] + 2 * (clip.masks[frame, 1] & ~clip.masks[frame, 0])
        )
    flow = dense_flow(clip.frames)
    found = build_segmenter(f"masks:{tmp_path / 'Annotations'}").segment(window_of(clip), flow, 6)
    expected = {clip.masks[:, 0].tobytes(), (clip.masks[:, 1] & ~clip.masks[:, 0]).tobytes()}
    assert {found[:, n].tobytes() for n in range(found.shape[1])} == expected
    again = build_segmenter(f"deva:{tmp_path}").segment(window_of(clip), flow, 6)
    assert (again == found).all()


def test_masks_follow_the_frames_into_their_crop(tmp_path: Path) -> None:
    (tmp_path / "clip").mkdir()
    labels = np.zeros((100, 400), np.uint8)
    labels[:, 200:] = 255  # two values: 255 is the thing
    for frame in range(2):
        Image.fromarray(labels).save(tmp_path / "clip" / f"{frame}.png")
    frames = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    window = Window(Path("clip"), frames, (0, 1), 10, CenterCrop(400, 100, 64, 64))
    found = build_segmenter(f"masks:{tmp_path}").segment(window, dense_flow(frames), 6)
    assert (found[0, 0] == (np.arange(64) >= 32)).all()


def test_missing_masks_are_named(tmp_path: Path) -> None:
    clip = known_clip(0, 3, 192, 128)
    with pytest.raises(ValueError, match=r"needs the folder of the masks"):
        build_segmenter("masks")
    with pytest.raises(ValueError, match=r"has 0 masks .* frame 2 has none"):
        build_segmenter(f"masks:{tmp_path}").segment(window_of(clip), dense_flow(clip.frames), 6)
    (tmp_path / "bad.png").write_text("nothing")
    with pytest.raises(ValueError, match="is not a mask picture"):
        read_labels(tmp_path / "bad.png")


def test_sam2_propagates_its_own_prompts(tmp_path: Path) -> None:
    model = save_tiny_sam2(tmp_path / "sam2")
    clip = known_clip(0, 4, 192, 128)
    segmenter = build_segmenter(f"sam2:{model}")
    found = check_masks(segmenter.segment(window_of(clip), dense_flow(clip.frames), 3), window_of(clip))
    assert 1 <= found.shape[1] <= 3
    assert all(0.002 <= share <= 0.6 for share in found[0].mean(axis=(1, 2)))
    pairs = combinations(found[0], 2)
    assert all(overlap(a, b) < 0.6 for a, b in pairs), "no thing is given twice"
    assert not np.array_equal(found[0], found[-1]), "masks are the model's own in every frame, not the first one's"
    again = Sam2VideoModel.from_pretrained(model).eval()  # the masks are what the model itself says of one prompt
    with torch.inference_mode():
        prompts = segmenter._prompts(clip.frames, dense_flow(clip.frames), 3)
        alone = again(inference_session=segmenter._session(clip.frames, prompts[:1]), frame_idx=0).pred_masks
        alone = torch.nn.functional.interpolate(alone.float(), (128, 192), mode="bilinear", align_corners=False)
    assert overlap(alone[0, 0].numpy() > 0, found[0, 0]) > 0.99


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("sam2", "needs a model"),
        ("sam2:/nowhere", "no SAM 2 video model at"),
        ("deva", "CC-BY-NC-SA"),
        ("motion:fast", "takes no argument"),
        ("mask2former", "known ones are motion, masks, sam2, deva"),
    ],
)
def test_what_a_segmenter_lacks_is_said(spec: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_segmenter(spec)


def test_masks_of_another_shape_are_refused() -> None:
    window = window_of(known_clip(0, 2, 192, 128))
    with pytest.raises(ValueError, match=r"must be bool \[2, S, 128, 192\]"):
        check_masks(np.zeros((2, 1, 64, 64), bool), window)
