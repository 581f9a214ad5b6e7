"""The digest of what a corpus's archives or folder contain: what changes it, and what doesn't."""

import os
import zipfile

from deepfake.corpora.fingerprints import fingerprint


def zip_of(path, a, b):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.mp4", a)
        file.writestr("b.mp4", b)
    return path


def test_fingerprint_of_an_archive_depends_on_contents_not_times(tmp_path):
    path = zip_of(tmp_path / "한 국.zip", "a", "b")
    before = fingerprint([str(path)])
    os.utime(path, (1, 1))
    assert fingerprint([str(path)]) == before
    zip_of(path, "a", "c")
    assert fingerprint([str(path)]) != before
    for damage in (b"", b"PK\5\6" + b"\xff" * 18, path.read_bytes()[:-1]):
        path.write_bytes(damage)
        assert fingerprint([str(path)]) != before
    path.unlink()
    assert fingerprint([str(path)]) != before


def test_fingerprint_of_a_folder_includes_each_file_even_behind_a_dangling_link(tmp_path):
    (tmp_path / "가짜 폴더").mkdir()
    (tmp_path / "가짜 폴더" / "b c.mp4").write_bytes(b"b")
    (tmp_path / "0.mp4").symlink_to("nowhere")
    before = fingerprint([str(tmp_path)])
    assert fingerprint([str(tmp_path)]) == before
    os.utime(tmp_path / "가짜 폴더" / "b c.mp4", (1, 1))
    after = fingerprint([str(tmp_path)])
    assert after != before
    (tmp_path / "nowhere").write_bytes(b"there now")
    assert fingerprint([str(tmp_path)]) not in (before, after)


def test_fingerprint_of_a_parquet_file_depends_on_its_size_and_time(tmp_path):
    path = tmp_path / "train.parquet"
    missing = fingerprint([str(path)])
    path.write_bytes(b"PAR1")
    os.utime(path, (1, 1))
    before = fingerprint([str(path)])
    assert before != missing and fingerprint([str(path)]) == before
    os.utime(path, (2, 2))
    assert fingerprint([str(path)]) != before
