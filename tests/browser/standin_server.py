"""A small stand-in for ComfyUI's server: the real front end, our js, and just enough answers for both to work.

It serves the static files of a `comfyui-frontend-package` wheel, describes a few nodes, keeps settings and user files
in memory, and records what is queued. Nothing is executed; `send` pushes any websocket message a test needs.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from trackgo.demo import picture_request
from trackgo.selection import request as selection_request
from trackgo.trajectories import preview_request

EXTENSION = "ComfyUI-TrackGo"


def _node(name: str, required: dict, optional: dict, outputs: list[tuple[str, str]], **more: Any) -> dict:
    return {
        "name": name,
        "display_name": more.get("display_name", name),
        "description": "",
        "python_module": more.get("python_module", "nodes"),
        "category": more.get("category", "image"),
        "input": {"required": required, "optional": optional},
        "input_order": {"required": list(required), "optional": list(optional)},
        "output": [kind for kind, _ in outputs],
        "output_is_list": [False] * len(outputs),
        "output_name": [label for _, label in outputs],
        "output_tooltips": [None] * len(outputs),
        "output_node": more.get("output_node", False),
        "deprecated": False,
        "experimental": False,
        "api_node": False,
    }


def object_info(images: list[str]) -> dict[str, dict]:
    """What /object_info says, in the form ComfyUI gives for V1 and V3 nodes alike."""
    size = {"default": 512, "min": 1, "max": 8192}
    return {
        "LoadImage": _node(
            "LoadImage", {"image": [images, {"image_upload": True}]}, {}, [("IMAGE", "IMAGE"), ("MASK", "MASK")]
        ),
        "TrackGoCameraMotion": _node("TrackGoCameraMotion", {}, {}, [("TRACKGO_DRAWING", "drawing")]),
        "ImageScale": _node(
            "ImageScale",
            {
                "image": ["IMAGE"],
                "upscale_method": [["area", "bilinear"]],
                "width": ["INT", size],
                "height": ["INT", size],
                "crop": [["disabled", "center"]],
            },
            {},
            [("IMAGE", "IMAGE")],
        ),
        "TrackGoPointTrajectories": _node(
            "TrackGoPointTrajectories",
            {"drawing": ["TRACKGO_DRAWING"]} | {name: ["INT", size] for name in ("frames", "width", "height", "seed")},
            {},
            [("TRACKS", "tracks")],
        ),
        "LoadVideo": _node(
            "LoadVideo",
            {"file": [[name for name in images if name.endswith(".webm")], {"video_upload": True}]},
            {},
            [("VIDEO", "VIDEO")],
        ),
        "GetVideoComponents": _node("GetVideoComponents", {"video": ["VIDEO"]}, {}, [("IMAGE", "images")]),
        "SomeFilter": _node("SomeFilter", {"image": ["IMAGE"]}, {}, [("IMAGE", "IMAGE")]),
        "PreviewImage": _node("PreviewImage", {"images": ["IMAGE"]}, {}, [], output_node=True),
        "TrackGoCanvas": _node(
            "TrackGoCanvas",
            {},
            {
                "image": ["IMAGE", {"tooltip": "First frame."}],
                "drawing": ["TRACKGO_DRAWING", {"tooltip": "Comes first."}],
                "mask": ["MASK", {"tooltip": "Fills empty masks."}],
                "frames": ["INT", {"default": 14, "min": 6, "max": 121, "tooltip": "Frames on the timeline."}],
                "editor": ["TRACKGO_EDITOR", {}],
            },
            [("TRACKGO_DRAWING", "drawing"), ("MASK", "masks"), ("IMAGE", "preview")],
            display_name="TrackGo Canvas",
            category="TrackGo",
            python_module=f"custom_nodes.{EXTENSION}",
            output_node=True,
        ),
    }


def translations() -> dict[str, dict]:
    """What /i18n says: ComfyUI merges every pack's locales/LANGUAGE/main.json and nodeDefs.json."""
    folders = sorted((Path(__file__).parents[2] / "locales").iterdir())

    def texts(folder: Path, name: str) -> dict:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))

    return {folder.name: texts(folder, "main") | {"nodeDefs": texts(folder, "nodeDefs")} for folder in folders}


class StandinServer:
    """Runs in its own thread; `with StandinServer(static, js, images) as server:` then open `server.url`."""

    def __init__(self, static: Path, js: Path, images: dict[str, bytes]) -> None:
        self.static, self.js, self.images = static, js, dict(images)
        self.prompts: list[dict] = []
        self.preview_requests, self.preview_route_missing = 0, False
        self.settings: dict[str, Any] = {
            "Comfy.TutorialCompleted": True,
            "Comfy.Workflow.ShowMissingNodesWarning": False,
            "Comfy.Workflow.ShowMissingModelsWarning": False,
            "Comfy.InstalledVersion": "1.0.0",
        }
        self.userdata: dict[str, bytes] = {}
        self.sockets: list[web.WebSocketResponse] = []
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> StandinServer:
        self._thread.start()
        if not self._started.wait(30):
            raise RuntimeError("The stand-in server did not start within 30 s.")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def send(self, kind: str, data: dict) -> None:
        """Push one websocket message to every open page."""

        async def push() -> None:
            for socket in [s for s in self.sockets if not s.closed]:
                await socket.send_json({"type": kind, "data": data})

        asyncio.run_coroutine_threadsafe(push(), self._loop).result(10)

    # -- set-up -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self._application(), shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20)
        routes = {
            "GET /ws": self._websocket,
            "GET /object_info": _json(lambda: object_info(sorted(self.images))),
            "GET /extensions": _json(self._extensions),
            "GET /view": self._view,
            "POST /upload/image": self._upload,
            "POST /prompt": self._queue,
            "GET /settings": _json(lambda: self.settings),
            "POST /settings": self._save_settings,
            "POST /settings/{id}": self._save_setting,
            "GET /userdata": _json(list),
            "GET /userdata/{file}": self._read_file,
            "POST /userdata/{file}": self._write_file,
            f"POST {preview_request.ROUTE}": self._trajectories,
            f"POST {selection_request.ROUTE}": selection_request.handle,
            f"GET {picture_request.ROUTE}": picture_request.handle,
        }
        routes |= {f"GET {path}": _json(lambda answer=answer: answer) for path, answer in self._fixed_answers().items()}
        for route, handler in routes.items():
            method, path = route.split()
            for prefix in ("", "/api"):  # ComfyUI answers every route both ways
                app.router.add_route(method, prefix + path, handler)
        app.router.add_get("/", self._index)
        app.router.add_static(f"/extensions/{EXTENSION}", self.js)
        app.router.add_static("/", self.static)
        return app

    @staticmethod
    def _fixed_answers() -> dict[str, Any]:
        return {
            "/users": {"storage": "server", "migrated": True},
            "/embeddings": [],
            "/models": [],
            "/experiment/models": [],
            "/i18n": translations(),
            "/features": {},
            "/history": {},
            "/workflow_templates": {},
            "/global_subgraphs": {},
            "/jobs": {"jobs": [], "pagination": {"offset": 0, "limit": 200, "total": 0, "has_more": False}},
            "/queue": {"queue_running": [], "queue_pending": []},
            "/prompt": {"exec_info": {"queue_remaining": 0}},
            "/v2/userdata": [],
            "/internal/logs/raw": {"entries": [], "size": {"cols": 80, "rows": 24}},
            "/system_stats": {
                "system": {
                    "os": "posix",
                    "ram_total": 2**33,
                    "ram_free": 2**32,
                    "comfyui_version": "0.0.0",
                    "python_version": "3",
                    "pytorch_version": "0",
                    "embedded_python": False,
                    "argv": [],
                },
                "devices": [],
            },
        }

    # -- answers ----------------------------------------------------------------------------------------------

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        sid = request.query.get("clientId") or uuid.uuid4().hex
        status = {"exec_info": {"queue_remaining": 0}}
        await socket.send_json({"type": "status", "data": {"status": status, "sid": sid}})
        async for message in socket:
            if message.type == WSMsgType.ERROR:
                break
        self.sockets.remove(socket)
        return socket

    async def _index(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(self.static / "index.html", headers={"Cache-Control": "no-cache"})

    def _extensions(self) -> list[str]:
        core = [path.relative_to(self.static) for path in (self.static / "extensions").rglob("*.js")]
        ours = [Path("extensions", EXTENSION) / path.relative_to(self.js) for path in self.js.rglob("*.js")]
        return [f"/{path.as_posix()}" for path in sorted(core) + sorted(ours)]

    async def _view(self, request: web.Request) -> web.Response:
        """As ComfyUI does, a part of a file where one is asked for: without it a video cannot be wound."""
        name = request.query.get("filename", "")
        data = self.images.get(name)
        if data is None:
            return web.Response(status=404)
        part = request.http_range
        headers = {"Accept-Ranges": "bytes"}
        body = data[part]
        if part.start is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.start + len(body) - 1}/{len(data)}"
        kind = mimetypes.guess_type(name)[0] or "image/png"
        return web.Response(body=body, content_type=kind, headers=headers, status=200 if part.start is None else 206)

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        picture = form["image"]
        self.images[picture.filename] = picture.file.read()
        return web.json_response({"name": picture.filename, "subfolder": form.get("subfolder", ""), "type": "input"})

    async def _queue(self, request: web.Request) -> web.Response:
        self.prompts.append(await request.json())
        return web.json_response({"prompt_id": uuid.uuid4().hex, "number": len(self.prompts), "node_errors": {}})

    async def _trajectories(self, request: web.Request) -> web.Response:
        """The pack's own handler; `preview_route_missing`: as if ComfyUI was not restarted after an update."""
        self.preview_requests += 1
        return web.Response(status=404) if self.preview_route_missing else await preview_request.handle(request)

    async def _save_settings(self, request: web.Request) -> web.Response:
        self.settings.update(await request.json())
        return web.Response()

    async def _save_setting(self, request: web.Request) -> web.Response:
        self.settings[request.match_info["id"]] = await request.json()
        return web.Response()

    async def _read_file(self, request: web.Request) -> web.Response:
        data = self.userdata.get(request.match_info["file"])
        return web.Response(body=data) if data is not None else web.Response(status=404)

    async def _write_file(self, request: web.Request) -> web.Response:
        name = request.match_info["file"]
        self.userdata[name] = await request.read()
        answer = {"path": name, "size": len(self.userdata[name]), "modified": 0, "created": 0}
        return web.Response(text=json.dumps(answer), content_type="application/json")


def _json(answer: Callable[[], Any]) -> Callable:
    async def respond(_: web.Request) -> web.Response:
        return web.json_response(answer())

    return respond
