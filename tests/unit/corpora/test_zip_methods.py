"""Members of zips that other programs compress: read whole, in bounded memory, or refused by name."""

import bz2
import io
import lzma
import random
import struct
import tracemalloc
import zipfile
import zlib

import inflate64
import pytest
from unit.corpora.test_archives import CENTRAL, LIMITS, NOISE, patched, reasons, unpacked, zip_of

from deepfake.corpora import archives
from deepfake.corpora.archives import MemberError
from deepfake.corpora.zip_methods import BZIP2, DEFLATE64, LZMA

TEXT = bytes(random.Random(3).choices(b"abc", k=300_000))


def deflate64(data):
    packer = inflate64.Deflater()
    return packer.deflate(data) + packer.flush()


def packed_zip(path, method, packed, data):
    """Write a zip of one member x.mp4 with these packed bytes, which the archive says are `data`."""
    zip_of(path, [("x.mp4", packed)])
    patched(path, CENTRAL, 10, "<H", method)
    patched(path, CENTRAL, 16, "<I", zlib.crc32(data))
    return patched(path, CENTRAL, 24, "<I", len(data))


@pytest.mark.parametrize("data", [TEXT, NOISE, b""])
def test_deflate64_bzip2_and_lzma_are_read(tmp_path, data):
    assert unpacked(packed_zip(tmp_path / "9.zip", DEFLATE64, deflate64(data), data), "x.mp4") == data
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path = zip_of(tmp_path / f"{method}.zip", [("x.mp4", data)], method)
        assert reasons(path) == {"x.mp4": ""}
        assert unpacked(path, "x.mp4") == data


@pytest.mark.parametrize("method", [DEFLATE64, BZIP2, LZMA])
def test_damage_is_found(tmp_path, method):
    path = tmp_path / "a.zip"
    if method == DEFLATE64:
        packed_zip(path, method, deflate64(TEXT), TEXT)
    else:
        zip_of(path, [("x.mp4", TEXT)], method)
    whole, rng, found = path.read_bytes(), random.Random(method), 0
    for _ in range(25):
        data = bytearray(whole)
        data[rng.randrange(35, len(whole) - 100)] ^= rng.randrange(1, 256)
        path.write_bytes(data)
        try:
            assert unpacked(path, "x.mp4") == TEXT
        except MemberError as error:
            found += "damaged" in str(error) or "bytes" in str(error)
    assert found > 20


def test_data_that_is_larger_than_the_archive_says_is_not_unpacked(tmp_path):
    """A bomb that declares little: memory stays below what one step of the decompressor gives."""
    zeros = bytes(1 << 25)
    bombs = {DEFLATE64: deflate64(zeros), BZIP2: bz2.compress(zeros)}
    packed = lzma.compress(zeros, lzma.FORMAT_ALONE)
    bombs[LZMA] = struct.pack("<HH", 0, 5) + packed[:5] + packed[13:]
    del zeros
    for method, data in bombs.items():
        path = packed_zip(tmp_path / f"{method}.zip", method, data, b"x" * 1000)
        with archives.open_zip(path, LIMITS) as file:
            tracemalloc.start()
            with pytest.raises(MemberError, match="more than the 1000 bytes"):
                archives.copy_member(file, file.infolist()[0], io.BytesIO())
            assert tracemalloc.get_traced_memory()[1] < 50e6
            tracemalloc.stop()


def test_lzma_with_a_huge_dictionary_is_refused(tmp_path):
    data = struct.pack("<HHBI", 0, 5, 93, 0xFFFFFFFF) + bytes(100)
    path = packed_zip(tmp_path / "a.zip", LZMA, data, b"x" * 1000)
    with pytest.raises(MemberError, match="LZMA asks for 4294967295 bytes of memory"):
        unpacked(path, "x.mp4")


@pytest.mark.parametrize(
    "method, name", [(93, "Zstandard"), (95, "XZ"), (98, "PPMd"), (6, "Implode"), (77, "unknown")]
)
def test_other_methods_are_named_with_what_to_do(tmp_path, method, name):
    path = patched(zip_of(tmp_path / "a.zip", [("a.mp4", NOISE)]), CENTRAL, 10, "<H", method)
    assert reasons(path) == {
        "a.mp4": f"compression method {method} ({name}); unpack the archive yourself, and give the `folder`, "
        "or pack it again with Deflate"
    }
    with pytest.raises(MemberError, match=name), archives.open_zip(path, LIMITS) as file:
        archives.copy_member(file, file.infolist()[0], io.BytesIO())
