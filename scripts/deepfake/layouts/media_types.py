"""What a file is, a still image, a video or neither: by its name, and by its first bytes where that is open.

A known ending is believed, since a corpus may have a million files. What has another ending, or none, is
decided by its first bytes. A GIF is a video if it has more than one image. An animated WebP, PNG, AVIF or
HEIC is a still: its first image.
"""

import re
from collections import Counter

VIDEO, IMAGE, SEQUENCE = "video", "image", "sequence"
FRAMES = "frames"  # a folder of stills, the frames of one video
UNREAD = "unread"  # an image or a video in a format that isn't read
OTHER = "other"  # neither image nor video

VIDEO_TYPES = {
    *(".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".avi", ".mkv", ".webm", ".wmv", ".asf", ".flv", ".f4v"),
    *(".mpg", ".mpeg", ".mpe", ".m2v", ".vob", ".m2ts", ".ogv", ".ivf", ".h264", ".hevc"),
}
IMAGE_TYPES = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".jp2"),
    *(".avif", ".heic", ".heif", ".hif", ".ppm", ".pgm", ".pbm", ".pnm"),
}
SEQUENCE_TYPES = (".tar", ".tar.gz", ".tgz")
UNREAD_TYPES = {
    *(".rm", ".rmvb", ".mxf", ".swf", ".y4m", ".yuv", ".braw", ".r3d", ".ogm", ".divx", ".amv", ".dv"),
    *(".psd", ".svg", ".exr", ".hdr", ".tga", ".jxl", ".ico", ".eps", ".pcx", ".xcf", ".dds", ".qoi", ".j2k"),
    *(".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"),
}
OTHER_TYPES = {
    *(".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".html", ".htm", ".yaml", ".yml"),
    *(".ini", ".cfg", ".toml", ".log", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".py"),
    *(".ipynb", ".sh", ".bat", ".npy", ".npz", ".pkl", ".pickle", ".mat", ".h5", ".hdf5", ".pt", ".pth"),
    *(".onnx", ".parquet", ".db", ".lmdb", ".mdb", ".sqlite", ".srt", ".vtt", ".lnk", ".url"),
    *(".wav", ".mp3", ".m4a", ".aac", ".flac", ".opus", ".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".zst"),
    *SEQUENCE_TYPES,
}
"""Endings of files that are believed to be no media, so that nothing of them is read."""

OPEN_TYPES = {".gif", ".ts", ".mts"}
"""Endings of which only the content tells: a GIF is a video or a still, and the others may be TypeScript."""

HEAD = 1024  # bytes from a file's start by which it is decided; a GIF may need more, up to GIF_HEAD
GIF_HEAD = 1 << 24  # bytes

STILL_BRANDS = {
    b"avif",
    b"avis",
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"hevx",
    b"mif1",
    b"msf1",
    b"miaf",
}
SOUND_BRANDS = {b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "}
BOXES = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
"""The first box of QuickTime files from before there was `ftyp`."""

IMAGE_STARTS = (
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+",  # JPEG, PNG, TIFF, BigTIFF
    b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51",  # JPEG 2000
)  # fmt: skip
VIDEO_STARTS = (
    b"\x1aE\xdf\xa3", b"FLV\x01", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"DKIF",  # Matroska, FLV, ASF, IVF
    b"\0\0\x01\xba", b"\0\0\x01\xb3",  # MPEG-1 and MPEG-2
    b"\0\0\0\x01\x67", b"\0\0\x01\x67", b"\0\0\0\x01\x27", b"\0\0\0\x01\x40\x01",  # H.264 and H.265 alone
)  # fmt: skip
ENDINGS_SHOWN = 8  # in a line that counts files
PIXMAP = re.compile(rb"P[1-6][ \t\r\n](?:#[^\r\n]*[\r\n]+)?\s*[0-9]+\s")


def kind_by_name(path: str) -> str:
    """Return what a file is by its ending: VIDEO, IMAGE, UNREAD or OTHER, "" where only its content tells."""
    ending = ending_of(path)
    if ending in IMAGE_TYPES:
        return IMAGE
    if ending in VIDEO_TYPES:
        return VIDEO
    return OTHER if ending in OTHER_TYPES else UNREAD if ending in UNREAD_TYPES else ""


def kind_by_content(head: bytes) -> str:
    """Return IMAGE or VIDEO by the first bytes of a file, at least HEAD of them if it has as many.

    "" if they are the start of neither. A GIF needs GIF_HEAD bytes, or the whole file.
    """
    if head.startswith(IMAGE_STARTS) or _is_bmp(head) or PIXMAP.match(head):
        return IMAGE
    if is_gif(head):
        return VIDEO if _is_animated(head) else IMAGE
    if head.startswith(VIDEO_STARTS) or _is_transport_stream(head):
        return VIDEO
    if head[:4] == b"RIFF":
        return {b"WEBP": IMAGE, b"AVI ": VIDEO}.get(head[8:12], "")
    if head[:4] == b"OggS":
        return VIDEO if b"theora" in head[:256] or b"OVP80" in head[:256] else ""
    if head[4:8] == b"ftyp":
        return IMAGE if head[8:12] in STILL_BRANDS else "" if head[8:12] in SOUND_BRANDS else VIDEO
    return VIDEO if head[4:8] in BOXES else ""


def is_gif(head: bytes) -> bool:
    return head.startswith((b"GIF87a", b"GIF89a"))


def is_heif(head: bytes) -> bool:
    """Return whether a file is a still in HEIF (.heic), which OpenCV doesn't read; AVIF isn't meant."""
    return head[4:8] == b"ftyp" and head[8:12] in STILL_BRANDS and b"avif" not in head[8:64]


def ending_of(path: str) -> str:
    """Return the ending of a file's name in lower case with its dot; "" if it has none."""
    stem, dot, ending = path.rpartition("/")[2].rpartition(".")
    return f".{ending.lower()}" if stem and dot else ""


def other_line(
    endings: Counter[str], one: str = "an image or a video", more: str = "images or videos"
) -> str:
    """Return a line such as `12 files are not images or videos: 10 .txt, 2 .db`; "" if there are none."""
    total = endings.total()
    ordered = sorted(endings.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{count} {name}" for name, count in ordered]
    if len(shown) > ENDINGS_SHOWN:
        rest = sum(count for _, count in ordered[ENDINGS_SHOWN:])
        shown = [*shown[:ENDINGS_SHOWN], f"{rest} others"]
    what = f"1 file is not {one}" if total == 1 else f"{total} files are not {more}"
    return f"{what}: {', '.join(shown)}" if total else ""


def _is_bmp(head: bytes) -> bool:
    """Whether the file starts as a bitmap: BM alone begins many a text."""
    return head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and head[15:18] == b"\0\0\0"


def _is_transport_stream(head: bytes) -> bool:
    """Whether packets of 188 bytes, or of 4 and 188 in .m2ts, follow each other, each beginning with 0x47."""
    return any(len(head) > at + 2 * step and set(head[at : at + 3 * step : step]) == {0x47}
               for at, step in ((0, 188), (4, 192)))  # fmt: skip


def _is_animated(head: bytes) -> bool:
    """Whether a GIF has a second image, which is found by its blocks without decoding anything."""
    images, at = 0, 13 + _color_table(head[10:11])
    while at < len(head):
        block = head[at]
        if block == 0x2C:
            images += 1
            at += 10 + _color_table(head[at + 9 : at + 10]) + 1
        elif block == 0x21:
            at += 2
        else:
            break
        if images > 1:
            return True
        while at < len(head) and head[at]:
            at += 1 + head[at]
        at += 1
    return False


def _color_table(flags: bytes) -> int:
    """Return the bytes of the colour table that a GIF's flags announce."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0
