"""A corpus in a folder, in several archives, in zips inside a zip; cached CRC-32s."""

import io
import os
import random
import zipfile
import zlib

import pytest

from deepfake.corpora.archives import MemberError, SourceError
from deepfake.corpora.checksums import Crc32Cache
from deepfake.corpora.sources import open_source

LIMITS = {"members": 20, "member_gb": 0.01, "total_gb": 0.05, "ratio": 200}
NOISE = random.Random(0).randbytes(20_000)


def zip_of(path, files, method=zipfile.ZIP_STORED):
    if not isinstance(path, io.BytesIO):
        path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return path


def zip_bytes(files, method=zipfile.ZIP_STORED):
    return zip_of(io.BytesIO(), files, method).getvalue()


def members(paths, limits=LIMITS):
    with open_source([str(p) for p in paths], limits) as source:
        return {(m.archive, m.path): m.reason for m in source.members()}


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "내 영상 (1)"
    (root / "가짜 폴더").mkdir(parents=True)
    (root / "가짜 폴더" / "b c.mp4").write_bytes(NOISE)
    (root / "a.mp4").write_bytes(b"a")
    return root


@pytest.mark.parametrize("form", ["{}", "{}/", "relative", "link"])
def test_a_folder_is_linked_not_copied(folder, tmp_path, monkeypatch, form):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(folder)
    path = {"relative": folder.name, "link": "link/"}.get(form, form.format(folder))
    with open_source([path], LIMITS) as source:
        found = source.members()
        assert [(m.path, m.bytes, m.crc32) for m in found] == [
            ("a.mp4", 1, zlib.crc32(b"a")), ("가짜 폴더/b c.mp4", len(NOISE), zlib.crc32(NOISE)),
        ]  # fmt: skip
        out = tmp_path / "out" / "x.mp4"
        out.parent.mkdir()
        assert source.extract("", found[1].path, out) == zlib.crc32(NOISE)
    monkeypatch.chdir("/")
    assert out.is_symlink() and out.read_bytes() == NOISE


def test_a_folder_with_loops_dangling_links_and_pipes(folder, tmp_path):
    (folder / "self").symlink_to("self")
    (folder / "up.mp4").symlink_to(".")
    (folder / "0 again").symlink_to("가짜 폴더")
    (folder / "gone.mp4").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pipe.mp4")
    assert members([folder]) == {
        ("", "a.mp4"): "",
        ("", "gone.mp4"): f"can't be read: a broken link to {tmp_path / 'nowhere'}",
        ("", "pipe.mp4"): "can't be read: not a file",
        ("", "self"): "can't be read: Too many levels of symbolic links",
        ("", "가짜 폴더/b c.mp4"): "",
    }
    with open_source([str(folder)], LIMITS) as source:
        with pytest.raises(MemberError, match="broken link"):
            source.extract("", "gone.mp4", tmp_path / "x.mp4")
        for name, problem in (("gone.mp4", "a broken link"), ("pipe.mp4", "not a file")):
            with pytest.raises(MemberError, match=f"can't be read: {problem}"):
                source.read("", name)
    assert not (tmp_path / "x.mp4").is_symlink()


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "no archive fits the patterns under `archives`"),
        (["missing.zip"], r"missing\.zip: the archive can't be opened"),
        ([".", "a.zip"], "a folder among archives; give `folder` or `archives`, not both"),
    ],
)
def test_invalid_sources(tmp_path, monkeypatch, paths, message):
    monkeypatch.chdir(tmp_path)
    zip_of(tmp_path / "a.zip", {})
    with pytest.raises(SourceError, match=message), open_source(paths, LIMITS):
        pass


def test_archives_are_named_by_their_path_below_their_common_folder(tmp_path):
    paths = [zip_of(tmp_path / d / "x y.zip", {"a.mp4": d}) for d in ("부분 1", "부분 0")]
    assert members(paths) == {("부분 0/x y.zip", "a.mp4"): "", ("부분 1/x y.zip", "a.mp4"): ""}
    with open_source(map_str(paths), LIMITS) as source:
        assert source.read("부분 1/x y.zip", "a.mp4") == "부분 1".encode()
        with pytest.raises(MemberError, match="not in the archive any more"):
            source.read("부분 1/x y.zip", "b.mp4")
        with pytest.raises(MemberError, match="the archive z.zip is not there any more"):
            source.extract("z.zip", "b.mp4", tmp_path / "b.mp4")
    assert not (tmp_path / "b.mp4").exists()


def map_str(paths):
    return [str(path) for path in paths]


def test_the_parts_of_dfdc_stored_in_one_zip(tmp_path):
    parts = {
        f"all/dfdc_train_part_{n:02d}.zip": zip_bytes(
            {f"p{n}/metadata.json": f"{{{n}}}", f"p{n}/a.mp4": NOISE[n:]}, zipfile.ZIP_DEFLATED
        )
        for n in range(3)
    }
    path = zip_of(tmp_path / "all.zip", {"readme.txt": "x", "__MACOSX/._x.zip": "fork", **parts})
    found = members([path])
    assert set(found.values()) == {""}
    assert [m for m in found if m[1].endswith("mp4")] == [
        (f"all.zip/all/dfdc_train_part_{n:02d}.zip", f"p{n}/a.mp4") for n in range(3)
    ]
    with open_source([str(path)], LIMITS) as source:
        for n in (2, 0, 1):
            archive = f"all.zip/all/dfdc_train_part_{n:02d}.zip"
            assert source.read(archive, f"p{n}/metadata.json") == f"{{{n}}}".encode()
            source.extract(archive, f"p{n}/a.mp4", tmp_path / f"{n}.mp4")
            assert (tmp_path / f"{n}.mp4").read_bytes() == NOISE[n:]


def test_zips_inside_that_cannot_be_read_in_place(tmp_path):
    good = zip_bytes({"a.mp4": NOISE})
    deflated = zip_of(tmp_path / "d.zip", {"in/x.zip": good}, zipfile.ZIP_DEFLATED)
    with pytest.raises(
        SourceError, match=r"d\.zip/in/x\.zip: a compressed zip inside a zip; unpack it first"
    ):
        members([deflated])
    for data in (b"", b"PK\5\6" + bytes(10), good[:-30], b"<html>"):
        path = zip_of(tmp_path / "b.zip", {"x.zip": data})
        with pytest.raises(SourceError, match=r"b\.zip/x\.zip: not a whole zip archive .*download it again"):
            members([path])
    outside = zip_of(tmp_path / "o.zip", {"../x.zip": good})
    with pytest.raises(
        SourceError, match=r"o\.zip/\.\./x\.zip: its path leads outside the archive; unpack it"
    ):
        members([outside])


def test_limits_apply_to_all_inner_zips_together(tmp_path):
    inner = zip_bytes({f"{n}.mp4": b"" for n in range(8)})
    assert len(members([zip_of(tmp_path / "2.zip", {f"{n}.zip": inner for n in range(2)})])) == 16
    with pytest.raises(SourceError, match=r"3\.zip: 27 members, more than limits\.members = 20"):
        members([zip_of(tmp_path / "3.zip", {f"{n}.zip": inner for n in range(3)})])
    zeros = zip_bytes({"0.mp4": bytes(2_000_000)}, zipfile.ZIP_DEFLATED)
    limits = {**LIMITS, "ratio": 5000, "total_gb": 0.005}
    with pytest.raises(SourceError, match=r"z\.zip: unpacks to 0\.006 GB, more than limits\.total_gb"):
        members([zip_of(tmp_path / "z.zip", {f"{n}.zip": zeros for n in range(3)})], limits)


def test_many_zips_inside_keep_no_files_open(tmp_path):
    inner = zip_bytes({"a.mp4": b"a"})
    path = zip_of(tmp_path / "a.zip", {f"{n}.zip": inner for n in range(300)})
    with open_source([str(path)], {**LIMITS, "members": 1000}) as source:
        assert len(source.members()) == 300
        assert len(os.listdir("/dev/fd")) < 100


def test_a_member_is_checked_again_when_it_is_unpacked(tmp_path):
    path = zip_of(tmp_path / "a.zip", {"a.mp4": bytes(100_000)}, zipfile.ZIP_DEFLATED)
    with open_source([str(path)], LIMITS) as source, pytest.raises(MemberError, match=r"limits\.ratio"):
        source.extract("a.zip", "a.mp4", tmp_path / "a.mp4")
    assert not (tmp_path / "a.mp4").exists()


def test_crc32s_are_computed_again_only_where_size_or_time_changed(folder, tmp_path):
    file, cache = folder / "a.mp4", tmp_path / "x" / "crc32.csv"

    def crc():
        with Crc32Cache(cache) as crc32, open_source([str(folder)], LIMITS, crc32) as source:
            return source.members()[0].crc32

    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    assert crc() == zlib.crc32(b"a")
    file.write_bytes(b"b")
    os.utime(file, ns=times)
    assert crc() == zlib.crc32(b"a")  # from the cache, as size and time are the same
    os.utime(file, ns=(times[0], times[1] + 1))
    assert crc() == zlib.crc32(b"b")
    cache.write_text("path,bytes\nnonsense\n\0")
    assert crc() == zlib.crc32(b"b")


def test_crc32s_from_before_an_error_are_kept_and_those_of_deleted_files_dropped(folder, tmp_path):
    cache = tmp_path / "crc32.csv"
    with pytest.raises(SourceError), Crc32Cache(cache) as crc32:
        crc32(folder / "a.mp4")
        raise SourceError
    with pytest.raises(SourceError), Crc32Cache(cache) as crc32:
        crc32(folder / "가짜 폴더" / "b c.mp4")
        raise SourceError
    assert "a.mp4" in cache.read_text() and "b c.mp4" in cache.read_text()
    (folder / "a.mp4").unlink()
    with Crc32Cache(cache) as crc32, open_source([str(folder)], LIMITS, crc32) as source:
        source.members()
    assert "a.mp4" not in cache.read_text() and "b c.mp4" in cache.read_text()
