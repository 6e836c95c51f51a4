"""How well the demo's engines move cut-outs of photographs: ``python -m benchmarks.cutouts``.

What people move is a part of a photograph. Here it is cut out of one, pasted with a soft edge on another, and moved
along a path as the demo's world moves its sprites: so the true video is known. Things are cut by hand-drawn lines,
surfaces by the world's outlines. Half of the photographs are held out and measured; the others are there to be learnt
from (``--photographs training``). docs/experiments.md names their sources and licences; scikit-image and matplotlib
must be installed. ``--run`` measures other weights than those that ship.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numpy.typing import NDArray

from benchmarks.true_videos import average, following, measured, parser, report, squared_error, table
from trackgo.demo.cutouts import ONE_THING, cutout_scene
from trackgo.demo.photographs import HELD_OUT, TRAINING
from trackgo.demo.world import Scene
from trackgo.tracking.sprites import followed, mostly_seen, wanted_offsets

HALVES = {"held-out": HELD_OUT, "training": TRAINING}


def main() -> None:
    options = parser(__doc__, "output/cutouts")
    options.add_argument("--photographs", choices=HALVES, default="held-out")
    args = options.parse_args()
    half = HALVES[args.photographs]
    scenes = [cutout_scene(half, i, args.frames, args.size, args.size, ONE_THING) for i in range(args.scenes)]
    rows = measured(args, scenes, [seen.meta["background"] for seen in scenes], figures)
    report({f"{args.photographs} photographs": _table(rows)}, args.out)


def figures(video: NDArray, seen: Scene) -> dict[str, float]:
    """inside, outside: squared error where the cut-out should be seen and elsewhere, of 255². objmc, still: pixels, the
    second of a video that does not move."""
    moving = seen.masks[:, 0]
    found = followed(video, seen, 0, wanted_offsets(seen, 0), mostly_seen(seen, 0))
    return {
        "inside": squared_error(video, seen.frames, moving),
        "outside": squared_error(video, seen.frames, ~moving),
        "objmc": found.error,
        "still": found.still,
    }


def _table(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    columns = ("error inside the cut-out", "outside", "ObjMC over standing still")
    lines = {}
    for name, own in rows.items():
        lines[name] = [f"{average(own, 'inside'):.0f}", f"{average(own, 'outside'):.0f}", f"{following(own):.3f}"]
    return table(columns, lines)


if __name__ == "__main__":
    main()
