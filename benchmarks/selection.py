"""How well a box or a few clicks select a thing: IoU on composites of real photographs whose masks are known.

Photographs come with scikit-image and scikit-learn (`pip install scikit-image scikit-learn`). Part of one is cut out in
the shape of a horse, an ellipse or a blob, and laid on another. The box is the thing's own, 4% larger on each side; the
first click is the place deepest inside it, each further one the place deepest inside what is still wrong (taken away
with Alt where that lies outside). Prints median and quartiles of the IoU, and seconds of the whole answer.
"""

from __future__ import annotations

import argparse
import time
from importlib import resources
from itertools import product

import cv2
import numpy as np

from benchmarks.busy import noticed
from trackgo.selection.cut import Prompts, cut_out

SIDE_PX = 512
CLICKS = 3


def photographs() -> dict[str, np.ndarray]:
    """Name → uint8 [h, w, 3], scaled to 512 px on the longer side."""
    places = {"skimage.data": ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png"]}
    places |= {"sklearn.datasets.images": ["china.jpg", "flower.jpg"]}
    found = {}
    for package, names in places.items():
        for name in names:
            data = np.frombuffer(resources.files(package).joinpath(name).read_bytes(), np.uint8)
            picture = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
            scale = SIDE_PX / max(picture.shape[:2])
            size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
            found[name] = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
    return found


def shapes(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Name → bool [h, w]: outlines of things, each as large as its picture."""
    data = np.frombuffer(resources.files("skimage.data").joinpath("horse.png").read_bytes(), np.uint8)
    horse = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) < 128
    y, x = np.mgrid[-1:1:200j, -1:1:260j]
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    waves = sum(rng.uniform(0.04, 0.16) * np.cos(n * angle + rng.uniform(0, 6)) for n in (2, 3, 5))
    return {"horse": horse, "ellipse": radius < 0.95, "blob": radius < 0.65 + waves}


def composite(
    front: np.ndarray, back: np.ndarray, shape: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Part of `front` in `shape` on `back`, its border softened like a photograph's → picture and mask bool [h, w]."""
    height, width = back.shape[:2]
    scale = rng.uniform(0.35, 0.6) * min(width / shape.shape[1], height / shape.shape[0])
    small = cv2.resize(shape.astype(np.uint8), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) > 0
    high, wide = small.shape
    top, left = rng.integers(0, height - high), rng.integers(0, width - wide)
    mask = np.zeros((height, width), bool)
    mask[top : top + high, left : left + wide] = small
    from_ = rng.integers(0, front.shape[0] - high), rng.integers(0, front.shape[1] - wide)
    laid = back.copy()
    laid[top : top + high, left : left + wide] = front[from_[0] : from_[0] + high, from_[1] : from_[1] + wide]
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)[..., None]
    return np.clip(laid * soft + back * (1 - soft), 0, 255).astype(np.uint8), mask


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


def deepest(mask: np.ndarray) -> tuple[float, float]:
    """The place of a mask that is farthest from its border, as (u, v)."""
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    return (x + 0.5) / mask.shape[1], (y + 0.5) / mask.shape[0]


def by_box(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    left, top, wide, high = cv2.boundingRect(mask.astype(np.uint8))
    height, width = mask.shape
    box = left - 0.04 * wide, top - 0.04 * high, left + 1.04 * wide, top + 1.04 * high
    return cut_out(picture, Prompts((box[0] / width, box[1] / height, box[2] / width, box[3] / height)))


def by_clicks(picture: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
    """What is selected after each click."""
    include, exclude, found = [deepest(mask)], [], []
    for _ in range(CLICKS):
        found.append(cut_out(picture, Prompts(None, include, exclude)))
        missing, extra = mask & ~found[-1], found[-1] & ~mask
        inner, outer = (cv2.distanceTransform(one.astype(np.uint8), cv2.DIST_L2, 5).max() for one in (missing, extra))
        (include if inner >= outer else exclude).append(deepest(missing if inner >= outer else extra))
    return found


@noticed()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shapes", nargs="+", default=["horse", "ellipse", "blob"])
    parser.add_argument("--most", type=int, default=126, help="how many composites, drawn from all by chance")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(options.seed)
    pictures, outlines = photographs(), shapes(rng)
    results: dict[str, list[float]] = {}
    seconds: list[float] = []
    pairs = [one for one in product(pictures, pictures, options.shapes) if one[0] != one[1]]
    for number in rng.permutation(len(pairs))[: options.most]:
        front, back, shape = pairs[number]
        picture, mask = composite(pictures[front], pictures[back], outlines[shape], rng)
        started = time.process_time()
        found = {"one box": by_box(picture, mask)}
        seconds.append(time.process_time() - started)
        started = time.process_time()
        found |= {f"{number} clicks": one for number, one in enumerate(by_clicks(picture, mask), 1)}
        seconds.append((time.process_time() - started) / CLICKS)
        for name, selected in found.items():
            results.setdefault(name, []).append(iou(selected, mask))
    for name, values in results.items():
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
        print(f"{name}: median IoU {middle:.3f}, quartiles {low:.3f} and {high:.3f} ({len(values)} composites)")
    print(f"an answer: median {np.median(seconds):.3f} s, longest {max(seconds):.3f} s of one core")


if __name__ == "__main__":
    main()
