"""The report: one HTML page that needs nothing else, neither network nor files beside it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..figures.overlays import component_color
from ..files import write_text
from .charts import interval, scatter, style, swatch
from .clips import Clip
from .features import FID
from .objmc import MODES
from .published import CAVEAT, SOURCE, TABLE_1
from .results import REAL, STILL, YARDSTICKS, Distance, Results, VideoScore, finite
from .run import Played

_MODE_TITLES = {"mean": "ObjMC mean, px", "sum": "ObjMC sum, px", "draganything": "ObjMC DragAnything, px"}
_REMARKS = {REAL: "the true video", STILL: "does not move"}
_MIN_CELL_PX, _MAX_CELL_PX = 220, 340


def write_report(path: Path, results: Results, played: Mapping[str, Played], show: int = 12) -> None:
    """Write the page. played: by video; the ``show`` worst of them are shown."""
    write_text(path, render(results, played, show))


def render(results: Results, played: Mapping[str, Played], show: int = 12) -> str:
    """The page as text."""
    page = files(__package__) / "page"
    css, js, template = ((page / f"report.{kind}").read_text(encoding="utf-8") for kind in ("css", "js", "html"))
    chosen = worst_first(results, [name for name in played])[:show]
    parts = {
        "title": "How well the arrows are followed",
        "subtitle": escape(results.title),
        "settings": _settings(results.settings),
        "problems_first": _problem_count(results),
        "table": _table(results),
        "notes": _notes(results),
        "chart": scatter(results, chosen),
        "shown": _shown(results, len(chosen), len(played)),
        "order": _order(results),
        "cases": "".join(_case(results, played[name]) for name in chosen),
        "problems": _problems(results),
        "css": css,
        "js": js,
    }
    return re.sub(r"\{(\w+)\}", lambda place: parts[place[1]], template)


def leading(results: Results) -> str:
    """The system by which videos are ordered: the first that is no yardstick."""
    return (results.compared or results.systems)[0]


def worst_first(results: Results, names: Sequence[str]) -> list[str]:
    """Videos by the leading system's ObjMC mean, largest first; those without one last."""
    found = {score.video: finite(score.objmc["mean"].value) for score in results.of(leading(results))}
    return sorted(names, key=lambda name: (found.get(name) is None, -(found.get(name) or 0), name))


# --- figures ---


def _table(results: Results) -> str:
    best = {mode: _least({n: results.figure(n, mode).value for n in results.compared}, results) for mode in MODES}
    kinds = [one.figure for one in results.distances.get(results.systems[0], ())]
    for kind in kinds:
        best[kind] = _least({n: _distance(results, n, kind).value for n in results.compared}, results)
    titles = [*(_MODE_TITLES[mode] for mode in MODES), *kinds, "N"]
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in ("system", *titles))
    rows = [_row(results, name, best, kinds) for name in results.systems]
    quoted = _quoted(kinds, len(titles) + 1)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>{quoted}</table>"


def _quoted(kinds: Sequence[str], columns: int) -> str:
    """The paper's rows under the measured ones; its ObjMC, which follows DragAnything, in that column."""
    title = f'<tr><th colspan="{columns}" scope="rowgroup">Quoted from {SOURCE}: not measured here</th></tr>'
    rows = []
    for row in TABLE_1:
        cells = ["–", "–", f"{row.objmc:.2f}"]
        cells += [f"{row.fid if kind == FID.figure else row.fvd:.2f}" for kind in kinds]
        cells += [f"<small>{escape(row.data)}</small>"]
        named = f"<td>{escape(row.system)}<small>quoted</small></td>"
        rows.append(f"<tr>{named}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return f'<tbody class="quoted">{title}{"".join(rows)}</tbody>'


def _least(values: Mapping[str, float | None], results: Results) -> str | None:
    """Who has the least, when there is someone to compare with and all were measured on the same videos."""
    known = {name: value for name, value in values.items() if value is not None}
    return min(known, key=known.get) if len(known) > 1 and not results.unequal else None


def _distance(results: Results, system: str, kind: str) -> Distance:
    return next(one for one in results.distances[system] if one.figure == kind)


def _row(results: Results, system: str, best: Mapping[str, str | None], kinds: Sequence[str]) -> str:
    remark = f"<small>{_REMARKS[system]}</small>" if system in YARDSTICKS else ""
    kind = style(results, system)
    cells = [f"<td>{swatch(kind)}{escape(system)}{remark}</td>"]
    figures = [results.figure(name, "mean") for name in results.systems]
    most = max(
        (value for one in figures for value in (one.value, one.static, *(one.interval or ())) if value), default=0
    )
    for mode in MODES:
        figure = results.figure(system, mode)
        if figure.value is None:
            cells.append('<td><span class="none">–</span></td>')
            continue
        spread = f"{figure.interval[0]:.2f} … {figure.interval[1]:.2f}" if figure.interval else "one video: no interval"
        drawn = interval(figure, most, kind) if mode == "mean" else ""
        marked = ' class="best"' if best[mode] == system else ""
        cells.append(
            f'<td{marked}><span class="value">{figure.value:.2f}</span>{drawn}<small>{spread}</small>'
            f"<small>still {figure.static:.2f}</small></td>"
        )
    for name in kinds:
        cells.append(_distance_cell(_distance(results, system, name), best[name] == system))
    figure = results.figure(system, "mean")
    cells.append(
        f"<td>{figure.videos}<small>videos</small><small>{figure.objects} objects</small>"
        f"<small>{figure.pairs} object-frames</small></td>"
    )
    yard = ' class="yard"' if system in YARDSTICKS else ""
    return f"<tr{yard}>{''.join(cells)}</tr>"


def _distance_cell(one: Distance, best: bool) -> str:
    if one.value is None:
        return f'<td title="{escape(one.missing)}"><span class="none">–</span></td>'
    marked = ' class="best"' if best else ""
    sign = " ⚠" if one.warning else ""
    return f'<td{marked}><span class="value">{one.value:.2f}</span><small>N = {one.made} {one.unit}{sign}</small></td>'


def _notes(results: Results) -> str:
    """What to know before believing the table."""
    distances = [one for name in results.systems for one in results.distances.get(name, ())]
    notes = [f"{one.figure}: {one.warning}." for one in distances if one.warning]
    notes += [f"{one.missing}." for one in distances if one.missing and one.figure in one.missing]
    if results.unequal:
        notes.append("The systems were not measured on the same videos, so none is marked as best.")
    unique = "".join(f"<p>{escape(text)}</p>" for text in dict.fromkeys(notes))
    lost = [score.lost for score in results.videos]
    share = sum(lost) / len(lost) if lost else 0
    tail = (
        f" The tracker lost sight of {share:.1%} of the points; where it believes them to be is counted."
        if share
        else ""
    )
    return (f'<div class="warn">{unique}</div>' if unique else "") + (
        '<p class="note">mean: points whose wanted place is in the frame, at the size given above. sum: the same, '
        "summed over an object's frames. DragAnything: as that project's script, one point an object, at the videos' "
        "original size, in the frame or not. ★ is the least of the systems compared. FVD and FID have no interval: "
        f"drawing videos twice makes a Fréchet distance larger.{tail}</p>"
        f'<p class="note">{escape(CAVEAT)}</p>'
    )


def _settings(settings: Mapping[str, Any]) -> str:
    return "".join(f"<li><b>{escape(str(name))}</b>{escape(str(value))}</li>" for name, value in settings.items())


# --- problems ---


def _problem_count(results: Results) -> str:
    left_out = sum(problem.left_out for problem in results.problems)
    if not left_out:
        return ""
    many = f"{left_out} videos were" if left_out > 1 else "One video was"
    return f'<div class="warn"><p>{many} left out. <a href="#problems">Which, and why</a></p></div>'


def _problems(results: Results) -> str:
    if not results.problems:
        return ""
    items = "".join(
        f"<li>{escape(str(problem))}{'' if problem.left_out else ' (counted)'}</li>" for problem in results.problems
    )
    return f'<h2 id="problems">Problems</h2><div class="card problems"><ul>{items}</ul></div>'


# --- videos ---


def _shown(results: Results, shown: int, known: int) -> str:
    if not shown:
        return "No video is shown here."
    count = (
        "The only video" if known == 1 else f"All {known} videos" if shown == known else f"{shown} of {known} videos"
    )
    return (
        f"{count}, ordered by ObjMC mean of {escape(leading(results))}. Dotted and ringed: where an object should go. "
        "Solid: where it went. Space plays and stops, the arrow keys step."
    )


def _order(results: Results) -> str:
    choices = "".join(
        f'<option value="{escape(name)}"{" selected" if name == leading(results) else ""}>{escape(name)}</option>'
        for name in results.systems
        if name != STILL
    )
    return f'<label for="order">Worst first by</label><select id="order">{choices}</select>'


def _case(results: Results, played: Played) -> str:
    own = {score.system: score for score in results.videos if score.video == played.video}
    scores = {name: finite(score.objmc["mean"].value) for name, score in own.items()}
    still = next(iter(own.values())).objmc["mean"].static.value
    cell = min(_MAX_CELL_PX, max(_MIN_CELL_PX, played.wanted.width))
    figures = [] if REAL in played.clips else [_player("wanted", "yard", played.wanted, None, None, "wanted")]
    for name in results.systems:
        if name in played.clips:
            figures.append(_player(name, style(results, name), played.wanted, played.clips[name], own[name], name))
    objects = len(played.wanted.paths)
    about = f"{objects} object{'s' if objects != 1 else ''}" + (f", still {still:.2f} px" if finite(still) else "")
    return (
        f'<article class="case card" id="case-{escape(played.video)}" data-scores="{escape(json.dumps(scores))}">'
        f"<header><h3>{escape(played.video)}</h3><span>{about}</span></header>"
        f'<div class="players" style="--cell: {cell}px">{"".join(figures)}</div></article>'
    )


def _player(title: str, kind: str, wanted: Clip, clip: Clip | None, score: VideoScore | None, name: str) -> str:
    """One video with paths over it; without ``clip`` the true video or its first frame, with the wanted paths alone."""
    shown = clip or wanted
    rows = -(-shown.frames // shown.columns)
    data = base64.b64encode(shown.sheet).decode()
    paths = _overlay(wanted, clip, shown.width, shown.height)
    value = finite(score.objmc["mean"].value) if score else None
    score = "" if value is None else f"{value:.2f} px"
    return (
        f'<figure><div class="stage" style="aspect-ratio: {shown.width} / {shown.height}" '
        f'data-frames="{shown.frames}" data-columns="{shown.columns}">'
        f'<img alt="{escape(name)}, all frames" style="width: {100 * shown.columns}%; aspect-ratio: '
        f'{shown.columns * shown.width} / {rows * shown.height}" src="data:image/webp;base64,{data}">'
        f'<svg viewBox="0 0 {shown.width} {shown.height}" aria-hidden="true">{paths}</svg></div>'
        f"<figcaption><span>{swatch(kind)}{escape(title)}</span><span>{score}</span></figcaption></figure>"
    )


def _overlay(wanted: Clip, clip: Clip | None, width: int, height: int) -> str:
    """Both paths of every object, and what moves along them."""
    groups = []
    radius = max(3.0, width / 70)
    for number, path in enumerate(wanted.paths):
        red, green, blue = component_color(number)
        color = f"rgb({red} {green} {blue})"
        target = _scaled(path, width, height)
        went = _scaled(clip.paths[number], width, height) if clip else [None] * len(path)
        lines = [f'<path class="casing wanted-casing" d="{_line(target)}"/>']
        if clip:
            lines.append(f'<path class="casing went-casing" d="{_line(went)}"/>')
            lines.append(f'<path class="went" stroke="{color}" d="{_line(went)}"/><line class="gap"/>')
        lines.append(f'<path class="wanted" d="{_line(target)}"/><circle class="target" r="{1.5 * radius:.1f}"/>')
        if clip:
            lines.append(f'<circle class="place" fill="{color}" r="{radius:.1f}"/>')
        groups.append(f"<g data-wanted='{json.dumps(target)}' data-went='{json.dumps(went)}'>{''.join(lines)}</g>")
    return "".join(groups)


def _scaled(path: Sequence[Sequence[float] | None], width: int, height: int) -> list[list[float] | None]:
    return [point and [round(point[0] * width, 1), round(point[1] * height, 1)] for point in path]


def _line(path: Sequence[Sequence[float] | None]) -> str:
    """SVG path data; frames in which the object cannot be seen interrupt it."""
    words, pen = [], False
    for point in path:
        if point:
            words.append(f"{'L' if pen else 'M'}{point[0]:g} {point[1]:g}")
        pen = point is not None
    return " ".join(words)
