"""The frames of a sheet of faces: stored ones from their tar, stills from the corpus."""

import json
import zlib

import cv2
import numpy as np
import pytest
from made import media

from deepfake import tables
from deepfake.dataset.face_sheet_frames import read_stills, read_stored
from deepfake.extraction import images
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.tars import TarMismatch, write_shard


def png(value: int) -> bytes:
    return cv2.imencode(".png", np.full((20, 30, 3), value, np.uint8))[1].tobytes()


def test_only_the_wanted_frames_are_read_from_a_tar_and_checked(tmp_path):
    tar, table = tmp_path / "all.tar", tmp_path / "all.csv"
    rows = [
        {"image": f"v/{n:06d}.png", "video": "v", "frame": n, "status": tables.OK}
        | images.image_columns(png(n))
        for n in range(3)
    ]
    write_shard(tar, table, tables.FRAMES, ((row, png(n)) for n, row in enumerate(rows)))
    assert read_stored({("v", "1"), ("w", "0")}, [(tar, table)]) == {("v", "1"): png(1)}
    table.write_text(table.read_text().replace(rows[1]["sha256"], "0" * 64))
    with pytest.raises(TarMismatch, match="checksum"):
        read_stored({("v", "1")}, [(tar, table)])


def test_stills_are_read_where_they_are_and_a_broken_one_has_no_image(tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    videos = [{"video": "c", "kind": "video"}]
    for name, data in (("a", png(1)), ("b", b"no image")):
        (corpus / f"{name}.png").write_bytes(data)
        known = {"archive": "", "bytes": len(data), "crc32": f"{zlib.crc32(data):08x}"}
        videos.append({"video": name, "kind": "image", "member": f"{name}.png", **known})
    sources = {"sources": [str(corpus)], "limits": media.LIMITS}
    (tmp_path / "sources.json").write_text(json.dumps(sources))
    wanted = {("a", "0"), ("b", "0"), ("c", "0")}
    found = read_stills(wanted, videos, str(tmp_path / "sources.json"), media.FRAMES, MEDIA_LIMITS)
    assert found == {("a", "0"): png(1), ("b", "0"): b""}
    assert read_stills({("c", "0")}, videos, "", media.FRAMES, MEDIA_LIMITS) == {}
