"""Speed of drawings, masks, point trajectories and P: the shipped code against a plain loop over the same input.

python -m benchmarks.geometry            ratios (what matters), with seconds on this machine for information
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.busy import noticed
from trackgo import Drawing, point_trajectories
from trackgo.drawing import Arrow, Component, Stroke
from trackgo.drawing.coordinates import to_pixels
from trackgo.drawing.rasterize import paint_
from trackgo.trajectories import COMPONENT_COLORS, PointTrajectories

WIDTH, HEIGHT = 1024, 576


def best_of(runs: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """The fastest of several runs in seconds, and what it gave."""
    times = []
    for _ in range(runs):
        begin = perf_counter()
        result = work()
        times.append(perf_counter() - begin)
    return min(times), result


def wander(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.round(rng.uniform(0.1, 0.9, 2) + np.cumsum(rng.normal(0, 0.004, (count, 2)), axis=0), 5)


def large_document(components: int = 200, strokes: int = 5, points: int = 50) -> str:
    """200 components with 50,000 stroke points together: brush, brush, erase, lasso, brush."""
    rng = np.random.default_rng(0)
    tools = ["brush", "brush", "erase", "lasso", "brush"]
    items = []
    for index in range(components):
        drawn = [
            {"tool": tools[number % len(tools)], "radius": 0.02, "points": wander(rng, points).tolist()}
            for number in range(strokes)
        ]
        arrow = {"points": wander(rng, 4).tolist(), "curve": "smooth"}
        items.append({"name": f"part {index}", "mask": {"strokes": drawn}, "arrows": [arrow]})
    return json.dumps({"version": 1, "components": items})


def loop_brush(stroke: Stroke) -> np.ndarray:
    """The plain way: the distance of every pixel to every segment, one segment after another."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    corners = to_pixels(stroke.points, WIDTH, HEIGHT)
    for (ax, ay), (bx, by) in pairwise(corners):
        way_x, way_y = bx - ax, by - ay
        t = np.clip(((x - ax) * way_x + (y - ay) * way_y) / (way_x**2 + way_y**2), 0, 1)
        mask |= (x - ax - t * way_x) ** 2 + (y - ay - t * way_y) ** 2 <= (stroke.radius * WIDTH) ** 2
    return mask


def loop_render(trajectories: PointTrajectories) -> np.ndarray:
    """The plain way: one slice per point and frame."""
    picture = np.zeros((trajectories.frames, HEIGHT, WIDTH, 3), dtype=np.uint8)
    for frame in range(trajectories.frames):
        for point in np.argsort(trajectories.component, kind="stable"):
            if trajectories.visibility[frame, point]:
                x, y = np.ceil(trajectories.tracks[frame, point].astype(np.float64) - 2).astype(int)
                color = COMPONENT_COLORS[trajectories.component[point] % len(COMPONENT_COLORS)]
                picture[frame, max(y, 0) : max(y + 4, 0), max(x, 0) : max(x + 4, 0)] = color
    return picture


def shipped_brush(stroke: Stroke) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    paint_(mask, [stroke])
    return mask


def six_components() -> Drawing:
    components = []
    for index in range(6):
        mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
        mask[:, index * 100 : index * 100 + 480] = True  # 47 % of the frame: 64 points each
        arrow = Arrow([(0.1, 0.1), (0.5, 0.3), (0.4, 0.6)], "smooth")
        components.append(Component.from_mask(mask, arrows=[arrow]))
    return Drawing(tuple(components))


def report(name: str, shipped: float, plain: float) -> None:
    times = f"{shipped * 1e3:.1f} ms against {plain * 1e3:.1f} ms"
    print(f"{name:<48} {plain / shipped:8.1f} × faster than a loop   ({times})")


@noticed()
def main() -> None:
    stroke = Stroke("brush", wander(np.random.default_rng(1), 100), 0.02)
    shipped, mask = best_of(5, lambda: shipped_brush(stroke))
    plain, same = best_of(1, lambda: loop_brush(stroke))
    if not np.array_equal(mask, same):
        raise SystemExit("the two ways of painting disagree")
    report("a stroke of 100 points", shipped, plain)

    drawing = six_components()
    point_trajectories(drawing, 25, WIDTH, HEIGHT)  # warm-up: scikit-learn is imported on first use
    points_s, trajectories = best_of(5, lambda: point_trajectories(drawing, 25, WIDTH, HEIGHT))
    shipped, picture = best_of(5, trajectories.render)
    plain, same = best_of(1, lambda: loop_render(trajectories))
    if not np.array_equal(picture, same):
        raise SystemExit("the two ways of drawing P disagree")
    report(f"P of {len(trajectories.component)} points over 25 frames", shipped, plain)
    print(f"{'6 components × 64 points × 25 frames, with P':<48} {(points_s + shipped) * 1e3:8.1f} ms  (goal 500)")

    text = large_document()
    parse_s, large = best_of(3, lambda: Drawing.from_json(text))
    masks_s, _ = best_of(3, lambda: large.masks(WIDTH, HEIGHT))
    pure_s, _ = best_of(3, lambda: json.loads(text))
    print(
        f"{'parsing 200 components, 50,000 points':<48} {parse_s / pure_s:8.1f} × json.loads   ({parse_s * 1e3:.1f} ms)"
    )
    print(f"{'parsing and painting them at 1024×576':<48} {(parse_s + masks_s) * 1e3:8.1f} ms  (goal 2000)")


if __name__ == "__main__":
    main()
