"""How well a box or a few clicks select a thing: IoU on composites of real photographs whose masks are known.

Photographs come with scikit-image and scikit-learn (`pip install scikit-image scikit-learn`). Part of one is cut out in
the shape of a horse, an ellipse or a blob, and laid on another. The box is the thing's own, 4% larger on each side; the
first click is the place deepest inside it, each further one the place deepest inside what is still wrong (taken away
with Alt where that lies outside). Prints median and quartiles of the IoU, and seconds of the whole answer.

With `--side 2048` the composites are that large, and what one box selects in their 512 px wide copies is measured at
full size: how far the selected edge and the true one are apart on the mean, as the server's outline has it and after
the editor has moved it to the picture's own edges (`js/editor/edges.js`, run by Node). Edges farther apart than three
pixels of the copy belong to what was selected too much or too little, and are counted apart.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from importlib import resources
from itertools import product
from pathlib import Path

import cv2
import numpy as np

from benchmarks.busy import noticed
from trackgo.drawing import Component, Drawing, Mask, Stroke
from trackgo.selection.cut import MAX_SIDE_PX, Prompts, cut_out
from trackgo.selection.outline import outline

CLICKS = 3
_REFINED = """
import { readFileSync } from 'node:fs'
import { refined } from 'EDGES'
const [folder, across, down, scale] = process.argv.slice(1)
const [size, pixels] = [{ width: +across, height: +down }, readFileSync(`${folder}/pixels`)]
const points = JSON.parse(readFileSync(`${folder}/points`, 'utf8'))
const detail = (x, y, width, height) => {
  const data = new Uint8ClampedArray(4 * width * height)
  for (let i = 0; i < height; i += 1) {
    const at = 4 * ((y + i) * size.width + x)
    data.set(pixels.subarray(at, at + 4 * width), 4 * i * width)
  }
  return { data, width, height, x, y }
}
const start = process.cpuUsage()
const better = refined(points, size, +scale, detail)
const { user, system } = process.cpuUsage(start)
console.log(JSON.stringify([better, (user + system) / 1e6]))
""".replace("EDGES", (Path(__file__).parents[1] / "js" / "editor" / "edges.js").as_uri())


def photographs(side: int) -> dict[str, np.ndarray]:
    """Name → uint8 [h, w, 3], scaled to so many pixels on the longer side."""
    places = {"skimage.data": ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png"]}
    places |= {"sklearn.datasets.images": ["china.jpg", "flower.jpg"]}
    found = {}
    for package, names in places.items():
        for name in names:
            data = np.frombuffer(resources.files(package).joinpath(name).read_bytes(), np.uint8)
            picture = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
            found[name] = resized(np.ascontiguousarray(picture), side)
    return found


def resized(picture: np.ndarray, side: int) -> np.ndarray:
    scale = side / max(picture.shape[:2])
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def shapes(rng: np.random.Generator, scale: float) -> dict[str, np.ndarray]:
    """Name → bool [h, w]: outlines of things, each as large as its picture; scale: how large beside 512 px."""
    data = np.frombuffer(resources.files("skimage.data").joinpath("horse.png").read_bytes(), np.uint8)
    horse = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) < 128
    if scale > 1:  # its pixels' corners would show
        fine = cv2.resize(horse.astype(np.float32), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        horse = cv2.GaussianBlur(fine, (0, 0), 0.75 * scale) > 0.5
    y, x = np.mgrid[-1 : 1 : 200j * scale, -1 : 1 : 260j * scale]
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    waves = sum(rng.uniform(0.04, 0.16) * np.cos(n * angle + rng.uniform(0, 6)) for n in (2, 3, 5))
    return {"horse": horse, "ellipse": radius < 0.95, "blob": radius < 0.65 + waves}


def composite(
    front: np.ndarray, back: np.ndarray, shape: np.ndarray, rng: np.random.Generator, soft_px: float
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
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), soft_px)[..., None]
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
    """The picture may be smaller than the mask."""
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


def at_full_size(points: np.ndarray, picture: np.ndarray) -> tuple[np.ndarray, float]:
    """A small copy's outline, as the editor refines it, and its seconds of processor time."""
    height, width = picture.shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pixels").write_bytes(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA).tobytes())
        (Path(folder) / "points").write_text(json.dumps(points.tolist()), encoding="utf-8")
        arguments = map(str, (folder, width, height, max(width, height) / MAX_SIDE_PX))
        command = ["node", "--input-type=module", "-e", _REFINED, *arguments]
        better, seconds = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return np.array(better).round(5), seconds


def apart(points: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """(mean distance in pixels between an outline's edge and the true one, share of both that has no counterpart)."""
    height, width = mask.shape
    drawn = Component(mask=Mask((Stroke("lasso", [tuple(one) for one in points.tolist()]),)))
    edges = [_edge(drawn_mask) for drawn_mask in (Drawing((drawn,)).masks(width, height)[0], mask)]
    far = [cv2.distanceTransform(1 - edge, cv2.DIST_L2, 5) for edge in edges]
    both = np.concatenate([far[1][edges[0] > 0], far[0][edges[1] > 0]])
    near = both < 3 * max(mask.shape) / MAX_SIDE_PX
    return (float(both[near].mean()) if near.any() else np.nan), float(1 - near.mean())


def _edge(mask: np.ndarray) -> np.ndarray:
    whole = mask.astype(np.uint8)
    return whole & ~cv2.erode(whole, np.ones((3, 3), np.uint8))


def edges_at(side: int, options: argparse.Namespace) -> None:
    """Print how far edges are off at full size, before and after the editor refines them."""
    rng = np.random.default_rng(options.seed)
    scale = side / MAX_SIDE_PX
    pictures, outlines = photographs(side), shapes(rng, scale)
    pairs = [one for one in product(pictures, pictures, options.shapes) if one[0] != one[1]]
    rows = []
    for number in rng.permutation(len(pairs))[: options.most]:
        front, back, shape = pairs[number]
        picture, mask = composite(pictures[front], pictures[back], outlines[shape], rng, 0.35 * scale)
        points = outline(by_box(resized(picture, MAX_SIDE_PX), mask)).round(5)
        if len(points):
            better, seconds = at_full_size(points, picture)
            rows.append((*apart(points, mask), *apart(better, mask), seconds, len(points), len(better)))
    before, alone_before, after, alone_after, seconds, few, many = np.array(rows).T
    for when, far, alone in (("before", before, alone_before), ("after", after, alone_after)):
        low, middle, high = np.nanquantile(far, (0.25, 0.5, 0.75))
        print(
            f"{when}: edges {np.nanmean(far):.2f} px apart on the mean, median {middle:.2f}, quartiles {low:.2f} and"
            f" {high:.2f} ({len(rows)} composites); {alone.mean():.1%} of the edges have no counterpart"
        )
    print(f"refined: median {np.median(seconds):.3f} s, longest {seconds.max():.3f} s of one core")
    print(f"points: median {np.median(few):.0f} before, {np.median(many):.0f} after")


@noticed()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shapes", nargs="+", default=["horse", "ellipse", "blob"])
    parser.add_argument("--most", type=int, default=126, help="how many composites, drawn from all by chance")
    parser.add_argument("--side", type=int, default=MAX_SIDE_PX, help="larger than 512: measure edges at full size")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.side > MAX_SIDE_PX:
        edges_at(options.side, options)
        return
    rng = np.random.default_rng(options.seed)
    pictures, outlines = photographs(MAX_SIDE_PX), shapes(rng, 1)
    results: dict[str, list[float]] = {}
    seconds: list[float] = []
    pairs = [one for one in product(pictures, pictures, options.shapes) if one[0] != one[1]]
    for number in rng.permutation(len(pairs))[: options.most]:
        front, back, shape = pairs[number]
        picture, mask = composite(pictures[front], pictures[back], outlines[shape], rng, 0.7)
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
