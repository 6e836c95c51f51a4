"""How quickly a server answers other requests while the editor's heaviest ones are computed.

Run it against a ComfyUI that has the pack: `python benchmarks/preview_route.py http://127.0.0.1:8188`. Prints the
median, 99th percentile and longest time of /system_stats, alone and beside each kind of heavy request.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
import urllib.error
import urllib.request

import numpy as np


def post(url: str, body: bytes) -> tuple[int, float]:
    """Status and seconds of one request to the route."""
    started = time.perf_counter()
    request = urllib.request.Request(url + "/trackgo/trajectories", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as got:
            got.read()
            return got.status, time.perf_counter() - started
    except urllib.error.HTTPError as refused:
        return refused.code, time.perf_counter() - started


def heavy() -> dict[str, bytes]:
    """Requests that cost most: many components, many points, many strokes, and a long answer."""
    arrow = [{"points": [[0.3, 0.5], [0.7, 0.5]]}]
    rng = np.random.default_rng(0)

    def body(components: list[dict], frames: int = 25, **more: int) -> bytes:
        size = {"frames": frames, "width": 4096, "height": 2160} | more
        return json.dumps({"drawing": {"version": 1, "components": components}} | size).encode()

    def points(count: int) -> list[list[float]]:
        return rng.uniform(0, 1, (count, 2)).round(5).tolist()

    fill = {"mask": {"strokes": [{"tool": "fill"}]}, "arrows": arrow}
    brush = [{"tool": "brush", "radius": 0.001, "points": points(1_000)} for _ in range(71)]
    lasso = [{"tool": "lasso", "points": points(1_000)} for _ in range(71)]
    return {
        "200 whole frames": body([fill] * 200),
        "71,000 brush points": body([{"mask": {"strokes": brush}, "arrows": arrow}]),
        "71,000 lasso points": body([{"mask": {"strokes": lasso}, "arrows": arrow}]),
        "23 growths": body([{"mask": {"strokes": [{"tool": "fill"}] + [{"tool": "grow", "radius": 0.1}] * 23}}]),
        "a text of 3 MB": body([{"mask": {"strokes": []}, "x": points(149_000)}]),
        "2 million positions": body([fill] * 29, 1024, width=512, height=288),
    }


def stats(url: str, stop: threading.Event) -> list[float]:
    """Seconds of /system_stats, one request after another, until `stop`."""
    times = []
    while not stop.is_set() or len(times) < 50:
        started = time.perf_counter()
        with urllib.request.urlopen(url + "/system_stats") as got:
            got.read()
        times.append(time.perf_counter() - started)
        time.sleep(0.01)
    return times


def said(times: list[float]) -> str:
    return f"median {np.median(times):.3f} s, 99% {np.quantile(times, 0.99):.3f} s, longest {max(times):.3f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    url = parser.parse_args().url.rstrip("/")
    done = threading.Event()
    done.set()
    print(f"alone: {said(stats(url, done))}")
    for name, body in heavy().items():
        stop, found = threading.Event(), []

        def ask(body: bytes = body, stop: threading.Event = stop, found: list = found) -> None:
            found.append(post(url, body))
            stop.set()

        asking = threading.Thread(target=ask)
        asking.start()
        times = stats(url, stop)
        asking.join()
        status, seconds = found[0]
        print(f"{name}: status {status} in {seconds:.1f} s; /system_stats {said(times)} of {len(times)}", flush=True)


if __name__ == "__main__":
    main()
