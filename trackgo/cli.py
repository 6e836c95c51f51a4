"""``python -m trackgo``: demo | draw | generate | convert | attention | sheet | prepare | train | export | evaluate.

Exits 0 on success and 2, with one sentence on standard error, on bad input.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .console import speak_plainly
from .evaluation import command as evaluation
from .figures import attention_command as attention
from .figures import settings_sheet_command as sheet_command
from .files import read_picture, read_text, write_picture, write_text
from .options import DTYPES, check_numbers, check_video, device_named, dtype_named, place_, sampling_of, size
from .preparation import command as preparation
from .svd.sizes import LATENT_PX
from .training import command as training

if TYPE_CHECKING:
    from .trajectories import PointTrajectories
    from .trajectories.frame_rules import FrameRule

_EXAMPLES = {
    "demo": "python -m trackgo demo",
    "draw": "python -m trackgo draw --image boat.jpg --drawing boat.json --out preview.mp4",
    "generate": "python -m trackgo generate --model demo --image boat.jpg --drawing boat.json --out boat.mp4",
    "convert": "python -m trackgo convert --drawing boat.json --size 1024x576 --frames 25 --to kj",
    "attention": attention.EXAMPLE,
    "sheet": sheet_command.EXAMPLE,
}


class Mistake(Exception):
    """Something the user gave is wrong; the message is all they need to see."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads that spin stall a busy machine
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # else it advises torchvision, which nothing here needs
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    speak_plainly()
    parser = _parser()
    args = parser.parse_args(arguments)
    try:
        check_numbers(args)
        status = args.run(args) or 0
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # whoever reads has had enough, as `head` has: nothing to say, and nobody to say it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (Mistake, ValueError, OSError, MemoryError, RuntimeError) as error:
        print(f"trackgo {args.command}: {_sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"trackgo {args.command}: stopped", file=sys.stderr)
        return 130


def _sentence(error: BaseException) -> str:
    """What went wrong, on one line; for want of memory also what helps."""
    said = " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: '{error.filename}'"
    wanting = isinstance(error, MemoryError) or "out of memory" in said.lower() or "can't allocate memory" in said
    if wanting:
        said = said.split(". ")[0] if said else ""
        helps = "fewer --frames, a smaller --width and --height, --dtype fp16 or --offload need less"
        return f"there is not enough memory{f' ({said})' if said else ''}; {helps}"
    if isinstance(error, RuntimeError):
        return f"the model could not be run: {said[:300] or type(error).__name__}"
    return said


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trackgo" if _installed() else "python -m trackgo",
        description="Paint a mask, draw an arrow, get a video in which just that part moves that way.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int | None], summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=f"example:\n  {_EXAMPLES[name]}" if name in _EXAMPLES else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        return sub

    demo = command("demo", _demo, "Generate a clip from the built-in photograph, drawing and model; needs no network.")
    demo.add_argument("--out", type=Path, default=Path("output"), metavar="FOLDER", help="where the results go")
    _sampling_options(demo)
    draw = command("draw", _draw, "Show a drawing on its picture, moving, and the point trajectories P beside it.")
    _drawing_options(draw)
    draw.add_argument("--out", type=Path, required=True, metavar="CLIP", help="preview (.mp4, .webm, .mkv, .gif)")
    draw.add_argument("--points", type=Path, metavar="CLIP", help="also write P itself")
    draw.add_argument("--reference", type=Path, metavar="CLIP", help="also write cut-and-drag's rough video")
    draw.add_argument(
        "--motion-mask", type=Path, metavar="CLIP", help="also write where that one moves, white on black"
    )
    generate = command("generate", _generate, "Picture and drawing in, video out.")
    _model_options(generate)
    _drawing_options(generate)
    _sampling_options(generate)
    generate.add_argument(
        "--engine", choices=("trackgo", "cut-and-drag", "both"),
        help="trackgo moves by the attention, cut-and-drag holds the sampling to a rough video and needs no weights "
        "(default: what there are weights for)",
    )  # fmt: skip
    for name, does in (("start", "begins"), ("release", "lets go")):
        said = f"cut-and-drag: where in the sampling it {does} (default: the model's own)"
        generate.add_argument(f"--{name}", type=float, metavar="0…1", help=said)
    generate.add_argument("--out", type=Path, required=True, metavar="CLIP", help="video (.mp4, .webm, .mkv, .gif)")
    convert = command("convert", _convert, "Write a drawing's trajectories, or another pack's, in a pack's format.")
    given = convert.add_mutually_exclusive_group(required=True)
    given.add_argument("--drawing", type=Path, metavar="JSON")
    given.add_argument("--tracks", type=Path, metavar="FILE", help="another pack's text, workflow or .npy file")
    convert.add_argument("--visibility", type=Path, metavar="NPY", help="Wan-Move's other .npy file")
    convert.add_argument("--from", dest="source", default="auto", help="the tracks' format (default: look at them)")
    convert.add_argument("--units", default="auto", help="the tracks' units: pixel or fraction (default: look at them)")
    convert.add_argument("--size", required=True, metavar="WxH", help="pixels the coordinates refer to")
    convert.add_argument("--frames", type=int, help="default: 25 for a drawing, else the tracks' own number")
    convert.add_argument("--seed", type=int, default=0)
    convert.add_argument("--to", default="kj", help="kj, ati121, ltx, tora, dragnuwa or wan_move")
    convert.add_argument("--fit", metavar="MODEL", help="the nearest length and size of wan, ltx, cogvideox or svd")
    convert.add_argument("--out", type=Path, metavar="FILE", help="default: print; wan_move needs it, for two files")
    for name, inspection, summary in (
        ("attention", attention, "Show what the temporal attention does while a video is sampled, as heat maps."),
        ("sheet", sheet_command, "Show what a setting does: a row of frames for each value, and the differences."),
    ):
        inspect = command(
            name, lambda args, run=inspection.run: run(args, lambda: _loaded(args), _sampling(args)), summary
        )
        inspection.add_arguments(inspect)
        _model_options(inspect)
        _drawing_options(inspect, required=False)
        _sampling_options(inspect)
    preparation.add_arguments(command("prepare", preparation.run, "Turn a folder of videos into training shards."))
    training.add_arguments(command("train", training.run, "Train TrackGo from a configuration file."))
    training.add_export_arguments(
        command("export", training.run_export, "Make the small inference file of a training checkpoint.")
    )
    evaluation.add_arguments(command("evaluate", None, "Measure how videos follow their arrows and how they look."))
    return parser


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="demo", help="demo, a diffusers SVD folder or a single .safetensors file")
    parser.add_argument("--trackgo", type=Path, metavar="FILE", help="TrackGo weights (built in for demo)")
    parser.add_argument("--dtype", choices=DTYPES, default="auto", help="precision")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps …")
    parser.add_argument("--offload", action="store_true", help="keep only the part at work on the GPU (diffusers)")


def _drawing_options(parser: argparse.ArgumentParser, required: bool = True) -> None:
    instead = "" if required else " (default: the built-in example's)"
    parser.add_argument("--image", type=Path, required=required, metavar="PICTURE", help=f"the first frame{instead}")
    parser.add_argument(
        "--drawing", type=Path, required=required, metavar="JSON", help=f"the version-1 drawing document{instead}"
    )
    parser.add_argument("--frames", type=int, help="length of the clip (default: the model's, 14 or 25)")
    parser.add_argument("--width", type=int, help="pixels (default: the picture's shape at the model's size)")
    parser.add_argument("--height", type=int, help="pixels")
    parser.add_argument("--fps", type=int, default=7, help="frames per second")
    parser.add_argument("--seed", type=int, default=0)


def _sampling_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", type=int, help="sampling steps (default: the model's own; demo 4, SVD 25)")
    parser.add_argument(
        "--guidance",
        type=float,
        help="guidance of the last frame, the first has 1 (default: the model's own; demo 1, SVD 2.5)",
    )
    parser.add_argument("--alpha", type=float, default=0.2, help="threshold of the attention mask")
    parser.add_argument("--tau", type=float, default=0.0, help="-10000 … 0: how still everything else is kept")
    parser.add_argument("--tau-mode", choices=("freeze", "literal", "halfadd"), default="freeze")
    parser.add_argument("--freeze", type=float, metavar="0…1", help="the same as a share, instead of --tau")


# ---------------------------------------------------------------------------------------------------------------------
# Commands
# ---------------------------------------------------------------------------------------------------------------------


def _demo(args: argparse.Namespace) -> None:
    from .demo.example import example_drawing, example_image
    from .engines.cut_and_drag import fit_reference
    from .pipeline import TrackGoPipeline, fit_picture

    pipeline = TrackGoPipeline.from_pretrained("demo")
    side, frames = pipeline.unet.config.sample_size * 8, pipeline.unet.config.num_frames
    drawing, photograph = example_drawing(), example_image(427, 427)
    picture, trajectories = fit_picture(photograph, drawing, frames, side, side)
    reference = fit_reference(photograph, drawing, frames, side, side)
    clip = pipeline(picture, trajectories, engine="both", reference=reference, **_sampling(args, "both"))
    _write_clip(args.out / "demo.mp4", clip, 7)
    write_picture(args.out / "demo.png", _overview(photograph, drawing, trajectories, clip))
    write_text(args.out / "demo.json", drawing.to_json() + "\n")
    print(f"video:                    {args.out / 'demo.mp4'}\ndrawing and trajectories: {args.out / 'demo.png'}")
    options = "--engine both" if args.steps is None else f"--engine both --steps {args.steps}"
    print(f"""
With a picture of your own, and this drawing's mask and arrow, which you may edit:
    {_spelled()} generate --image PICTURE.jpg --drawing {args.out / "demo.json"} --out {args.out / "mine.mp4"} {options}
Painting and drawing by hand is for ComfyUI: put this folder into its custom_nodes, open the template trackgo_demo.""")


def _installed() -> bool:
    """Whether the command that pip installs was called, and not the module."""
    return Path(sys.argv[0]).stem == "trackgo"


def _spelled() -> str:
    """How this program is called from where one stands, so that a printed line can be copied."""
    if _installed():
        return "trackgo"
    here, python = Path.cwd(), Path(sys.executable)
    return f"{python.relative_to(here) if python.is_relative_to(here) else python} -m trackgo"


def _overview(photograph: np.ndarray, drawing: object, trajectories: object, clip: np.ndarray) -> np.ndarray:
    """Drawing, P and what came out, on one sheet."""
    import cv2

    from .figures.overlays import contact_sheet, draw_drawing, draw_trails

    cell = 256
    large = lambda frame: cv2.resize(frame, (cell, cell), interpolation=cv2.INTER_CUBIC)  # noqa: E731
    times = np.linspace(0, len(clip) - 1, 5).round().astype(int)
    trails = draw_trails(np.stack([large(frame) for frame in clip]), trajectories)
    points = trajectories.resized(cell, cell).render()
    cells = [large(draw_drawing(photograph, drawing)), *(points[i] for i in times[1:])]
    cells += [large(clip[i]) for i in times] + [trails[i] for i in times]
    labels = ["mask and arrow", *(f"P, frame {i + 1}" for i in times[1:])]
    labels += [f"video, frame {i + 1}" for i in times] + [f"with trajectories, frame {i + 1}" for i in times]
    return contact_sheet(np.stack(cells), columns=5, labels=labels)


def _draw(args: argparse.Namespace) -> None:
    from .figures.overlays import draw_drawing, each_trail
    from .trajectories import point_trajectories
    from .video import check_output

    for path in filter(None, (args.out, args.points, args.reference, args.motion_mask)):
        check_output(path)
    drawing, photograph = _read_drawing(args.drawing), read_picture(args.image)
    if args.width or args.height:
        from .pipeline import fit_picture

        width, height = _size(args, photograph, 1)
        picture, trajectories = fit_picture(photograph, drawing, args.frames or 25, width, height, args.seed)
    else:
        height, width = photograph.shape[:2]
        trajectories = point_trajectories(drawing, args.frames or 25, width, height, args.seed)
        picture = draw_drawing(photograph, drawing)
    check_video(trajectories.frames, width, height)
    clips = {args.out: each_trail([picture] * trajectories.frames, trajectories)}  # made as they are written
    if args.points:
        clips[args.points] = trajectories.each_rendered()
    if args.reference or args.motion_mask:
        from .engines.cut_and_drag import fit_reference_frames

        rough = lambda: fit_reference_frames(photograph, drawing, trajectories.frames, width, height)  # noqa: E731
        frames = (shown for shown, _ in rough())  # twice: neither clip is held
        masks = (np.repeat(moved[..., None] * np.uint8(255), 3, axis=-1) for _, moved in rough())
        clips |= {path: clip for path, clip in ((args.reference, frames), (args.motion_mask, masks)) if path}
    for path, clip in clips.items():
        _write_clip(path, clip, args.fps)
        print(f"wrote {path}")


def _generate(args: argparse.Namespace) -> None:
    from .video import check_output

    check_output(args.out)
    pipeline, first, trajectories = _loaded(args)
    engine = args.engine or ("cut-and-drag" if pipeline.trackgo is None else "trackgo")
    if args.engine is None and engine == "cut-and-drag":
        print("no TrackGo weights: engine cut-and-drag moves what is drawn without any")
    held = {} if engine == "trackgo" else {"reference": _reference(args, trajectories)}
    held |= {name: getattr(args, name) for name in ("start", "release") if getattr(args, name) is not None}
    if "reference" not in held and held:
        raise Mistake("--start and --release belong to --engine cut-and-drag or both")
    _write_clip(args.out, pipeline(first, trajectories, engine=engine, **held, **_sampling(args, engine)), args.fps)
    print(f"wrote {args.out}")


def _reference(args: argparse.Namespace, trajectories: object) -> object:
    """The rough video of the command's drawing, as long and large as the trajectories."""
    from .engines.cut_and_drag import fit_reference

    drawing, picture = _drawn(args)
    return fit_reference(picture, drawing, trajectories.frames, trajectories.width, trajectories.height)


def _loaded(args: argparse.Namespace) -> tuple[object, np.ndarray, object]:
    """The pipeline, the first frame at its size, and the trajectories in it."""
    drawing, picture = _drawn(args)
    from .pipeline import TrackGoPipeline, fit_picture

    pipeline = TrackGoPipeline.from_pretrained(args.model, args.trackgo, dtype_named(args.dtype))
    _place(pipeline, args)
    config = pipeline.unet.config
    width, height = _size(args, picture, LATENT_PX, _area(config.sample_size))
    return pipeline, *fit_picture(picture, drawing, args.frames or config.num_frames, width, height, args.seed)


def _drawn(args: argparse.Namespace) -> tuple[object, np.ndarray]:
    """Drawing and picture; the built-in example where neither is given."""
    if args.image is None and args.drawing is None:
        from .demo.example import example_drawing, example_image

        return example_drawing(), example_image(427, 427)
    if args.image is None or args.drawing is None:
        raise Mistake("--image and --drawing belong together; give both, or neither for the built-in example")
    return _read_drawing(args.drawing), read_picture(args.image)


def _area(sample_size: int | Sequence[int]) -> int:
    """Pixels of a frame a model was made for: SVD's sample size 96 means 1024×576; otherwise it is the latent's."""
    return 1024 * 576 if sample_size == 96 else int(np.prod(np.broadcast_to(sample_size, 2))) * 64


def _convert(args: argparse.Namespace) -> None:
    from .trajectories.frame_rules import FRAME_RULES, RULE_OF_FORMAT
    from .trajectories.interchange import TEXT_WRITERS, export_tracks
    from .trajectories.interchange.wan_move import write_files

    for option, value, known in (("--to", args.to, (*TEXT_WRITERS, "wan_move")), ("--fit", args.fit, FRAME_RULES)):
        if value is not None and value not in known:
            raise Mistake(f"{option} is '{value}'; it must be one of {', '.join(known)}")
    if args.to == "wan_move" and args.out is None:
        raise Mistake("wan_move is a pair of .npy files; say with --out where they shall go")
    width, height = size(args.size, "--size")
    rule = FRAME_RULES.get(args.fit or RULE_OF_FORMAT.get(args.to, ""))
    if args.drawing:
        trajectories, given = _drawn_trajectories(args, width, height, rule)
    else:
        trajectories = _read_tracks(args, width, height)
        given = (trajectories.frames, trajectories.width, trajectories.height)
        trajectories = rule.fitted(trajectories) if args.fit else trajectories
    if rule and (args.fit or rule.nearest(*given) != given):
        advice = f"{rule.advice(*given).removesuffix('.')}; --fit {args.fit or RULE_OF_FORMAT[args.to]} takes them"
        said = rule.done(*given) if args.fit else advice
        print(f"trackgo convert: {said}", file=sys.stderr)
    if args.to == "wan_move":
        print("\n".join(f"wrote {path}" for path in write_files(args.out, trajectories)))
        return
    tracks = export_tracks(trajectories, args.to)
    text = tracks if isinstance(tracks, str) else json.dumps(tracks)
    if args.out:
        write_text(args.out, text)
        print(f"wrote {args.out}")
    else:
        print(text)


def _drawn_trajectories(
    args: argparse.Namespace, width: int, height: int, rule: FrameRule | None
) -> tuple[PointTrajectories, tuple[int, int, int]]:
    """A drawing's trajectories, made anew in the length and size that fit, and those that were asked for."""
    from .drawing.coordinates import check_size
    from .trajectories import point_trajectories
    from .trajectories.motion import check_frames

    for option, value in (("--visibility", args.visibility), ("--from", args.source), ("--units", args.units)):
        if value not in (None, "auto"):
            raise Mistake(f"{option} belongs to --tracks; a drawing has none")
    given = (25 if args.frames is None else args.frames, width, height)
    check_frames(given[0])
    check_size(width, height)
    fitting = rule.nearest(*given) if rule and args.fit else given
    return point_trajectories(_read_drawing(args.drawing), *fitting, args.seed), given


def _read_tracks(args: argparse.Namespace, width: int, height: int) -> PointTrajectories:
    from .trajectories.interchange import import_tracks
    from .trajectories.interchange.wan_move import read_files

    try:
        if args.tracks.suffix.lower() == ".npy":
            source = read_files(args.tracks, args.visibility)
        elif args.visibility:
            raise Mistake("--visibility belongs to tracks in a .npy file; a text has none")
        else:
            source = read_text(args.tracks)
        return import_tracks(source, width, height, args.frames, args.source, args.units)
    except ValueError as error:
        raise Mistake(f"{args.tracks}: {error}") from error


# ---------------------------------------------------------------------------------------------------------------------
# What the commands share
# ---------------------------------------------------------------------------------------------------------------------


def _sampling(args: argparse.Namespace, engine: str = "trackgo") -> dict[str, object]:
    """The pipeline's settings; what is not given is the model's own for the engine."""
    from .model.config import AttentionSettings

    tau = args.tau
    if args.freeze is not None:
        if args.tau_mode != "freeze" or args.tau:
            raise Mistake("--freeze takes the place of --tau and --tau-mode; give one or the other")
        tau = AttentionSettings.tau_for(args.freeze)
    own = sampling_of(getattr(args, "model", "demo"))
    return {
        "steps": own.held(engine).steps if args.steps is None else args.steps,
        "seed": getattr(args, "seed", 0),
        "guidance": own.guidance if args.guidance is None else args.guidance,
        "fps": getattr(args, "fps", 7),
        "alpha": args.alpha,
        "tau": tau,
        "tau_mode": args.tau_mode,
    }


def _place(pipeline: object, args: argparse.Namespace) -> None:
    if not args.offload:
        return place_(pipeline, args.device)
    if device_named(args.device) == "cpu":
        raise Mistake("--offload needs a GPU: on the CPU everything is in main memory already")
    pipeline.enable_model_cpu_offload(device=device_named(args.device))


def _size(args: argparse.Namespace, picture: np.ndarray, multiple: int, area_px: int = 1024 * 576) -> tuple[int, int]:
    """Width and height asked for; what is not given follows from the picture's shape."""
    from .pipeline import fit_size

    height, width = picture.shape[:2]
    if args.width and args.height:
        return args.width, args.height
    if args.width or args.height:
        scale = args.width / width if args.width else args.height / height
        rounded = [max(multiple, round(side * scale / multiple) * multiple) for side in (width, height)]
        return (args.width or rounded[0]), (args.height or rounded[1])
    return fit_size(width, height, area_px, multiple)


def _read_drawing(path: Path) -> object:
    from .drawing import Drawing

    try:
        return Drawing.from_json(read_text(path))
    except ValueError as error:
        raise Mistake(f"{path}: {error}") from error


def _write_clip(path: Path, clip: np.ndarray | Iterable[np.ndarray], fps: float) -> None:
    from .video import write_clip

    write_clip(path, clip, fps)
