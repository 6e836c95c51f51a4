"""Words under which people look for the nodes, besides their names; ComfyUI knows them where a schema takes any."""

from __future__ import annotations

from collections.abc import Mapping

SEARCH_WORDS: Mapping[str, tuple[str, ...]] = {
    "TrackGoCanvas": (
        "motion brush", "paint", "arrow", "drag", "path", "spline", "mask editor", "trajectory", "animate part",
        "运动笔刷", "箭头", "涂抹", "路径", "モーションブラシ", "矢印", "塗る", "パス",
    ),
    "TrackGoComponent": ("mask arrow", "arrow", "drag", "path", "spline to drawing", "sam motion", "箭头", "矢印"),
    "TrackGoCameraMotion": ("camera", "pan", "zoom", "turn", "roll", "ken burns", "镜头", "カメラ"),
    "TrackGoPointTrajectories": ("tracks", "trajectory", "points", "path", "drag", "轨迹", "軌跡"),
    "TrackGoPreview": ("show tracks", "tracks preview", "trails", "预览", "プレビュー"),
    "TrackGoImportTracks": (
        "spline", "path", "kjnodes", "ati", "ltx", "dragnuwa", "wan move", "coordinates", "导入", "読み込み",
    ),
    "TrackGoExportTracks": (
        "spline", "path", "kjnodes", "ati", "ltx", "dragnuwa", "wan move", "coordinates", "导出", "書き出し",
    ),
    "TrackGoLoadTracks": ("wan move", "npy", "tracks file", "load path", "加载", "読み込み"),
    "TrackGoSaveTracks": ("wan move", "npy", "tracks file", "save path", "保存"),
    "TrackGoLoader": ("svd", "motion weights", "load trackgo", "加载", "ロード"),
    "TrackGoDemoModel": ("svd", "tiny svd", "test model", "演示", "デモ"),
    "TrackGoApply": ("svd", "motion control", "motion brush model", "drag", "应用", "適用"),
    "TrackGoCutAndDrag": ("time to move", "ttm", "rough video", "drag", "cut out", "vace", "剪切拖动", "カット"),
    "TrackGoHoldMotion": ("time to move", "ttm", "svd", "motion without weights", "inpaint motion", "保持运动", "保持"),
    "TrackGoAttentionView": ("attention map", "heat map", "注意力", "アテンション"),
    "TrackGoObjMC": ("measure motion", "score", "metric", "测量", "評価"),
    "TrackGoFitPicture": ("svd", "resize", "image size", "wan size", "ltx size", "4n+1", "8n+1", "尺寸", "サイズ"),
    "TrackGoControlVideo": ("ltx", "ic-lora", "motion track", "control video", "控制视频", "制御動画"),
    "TrackGoTrackVideo": (
        "motion transfer", "optical flow", "follow points", "point tracker", "video to tracks", "跟踪", "追跡",
    ),
    "TrackGoExportCamera": ("camera", "motionctrl", "cameractrl", "camera pose", "镜头", "カメラ"),
}  # fmt: skip
