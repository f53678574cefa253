"""Suffixes by which files are known to be videos, feature files, or neither."""

from __future__ import annotations

import os

VIDEO_SUFFIXES = frozenset(
    # What people and their programs write.
    {".3g2", ".3gp", ".3gpp", ".asf", ".avi", ".divx", ".f4v", ".flv", ".gif", ".m1v", ".m2v"}
    | {".m4v", ".mjpeg", ".mjpg", ".mk3d", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg"}
    | {".mpv", ".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".vob", ".webm", ".wmv", ".y4m"}
    # Camcorders, action cameras, drones, surveillance and receivers.
    | {".amv", ".dav", ".dv", ".insv", ".lrv", ".m2t", ".m2ts", ".mts", ".mxf", ".tod"}
    | {".trp", ".ts", ".tts", ".vro", ".wtv"}
    # Streams without a container, and formats of FFmpeg that hold nothing but video.
    | {".264", ".265", ".266", ".apng", ".av1", ".avc", ".avs2", ".avs3", ".cavs", ".evc"}
    | {".flc", ".fli", ".gxf", ".h261", ".h263", ".h264", ".h265", ".h266", ".h26l", ".hevc"}
    | {".ismv", ".ivf", ".ivr", ".nsv", ".nut", ".nuv", ".obu", ".smk", ".vc1", ".vvc"}
)
FEATURE_SUFFIXES = frozenset({".safetensors", ".npy", ".npz", ".h5", ".hdf5"})
MEDIA_SUFFIXES = VIDEO_SUFFIXES | FEATURE_SUFFIXES

COMPANION_SUFFIXES = frozenset(
    # Pictures; of a video that was cut into them, there are very many.
    {".arw", ".avif", ".bmp", ".cr2", ".cr3", ".dng", ".exr", ".flo", ".heic", ".heif", ".ico"}
    | {".jpe", ".jpeg", ".jpg", ".nef", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".psd", ".svg"}
    | {".tga", ".thm", ".tif", ".tiff", ".webp"}
    # Sound.
    | {".aac", ".ac3", ".aif", ".aiff", ".flac", ".m4a", ".mid", ".mka", ".mp3", ".oga", ".opus"}
    | {".wav", ".wma"}
    # Text, tables, subtitles, pages, code, and what programs write beside videos.
    | {".ass", ".bib", ".c", ".cfg", ".cmake", ".conf", ".cpp", ".css", ".csv", ".doc", ".docx"}
    | {".eaf", ".edl", ".h", ".hpp", ".htm", ".html", ".ini", ".ipynb", ".js", ".json", ".jsonl"}
    | {".log", ".m", ".m3u", ".m3u8", ".md", ".nfo", ".ods", ".odt", ".otio", ".pdf", ".ppt"}
    | {".pptx", ".py", ".pyc", ".rst", ".rtf", ".sh", ".smi", ".srt", ".ssa", ".sub", ".tex"}
    | {".toml", ".tsv", ".txt", ".url", ".vtt", ".xls", ".xlsx", ".xml", ".xmp", ".yaml", ".yml"}
    # What lpat itself writes, and what systems leave.
    | {".bak", ".bat", ".db", ".lnk", ".lock", ".onnx", ".tmp"}
)
"""Of files that may well lie beside videos, and that nobody means as one."""


def suffix_of(name: str) -> str:
    """The suffix of a file's name in lower case, with its dot; empty where it has none."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - as fast as can be, for many names
