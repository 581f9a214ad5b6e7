"""Records of what outputs were made with."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake import provenance
from deepfake.provenance import StaleInput, as_option, content, from_option, read_record

RULES = Path(__file__).resolve().parents[2] / "rules"
SETTINGS = {"cfg": {"margin": 1.3, "size": 64}, "layout": "dfdc"}


def why_stale(path: str, settings: dict, code: str) -> str:
    return provenance.why_stale(path, read_record(path), settings, code)


@pytest.fixture
def job(tmp_path) -> dict:
    """A job whose input another job has made, and whose output exists and has a record."""
    source, output = tmp_path / "frames.csv", tmp_path / "faces.csv"
    source.write_text("frames")
    made = {"record": str(tmp_path / "frames.json"), "step": "frames", "settings": {"n": 1}, "code": "a"}
    with provenance.recorded(as_option(made | {"inputs": {}, "outputs": [str(source)]})):
        pass
    digest = provenance.settings_digest({"n": 1})
    made = {"record": str(tmp_path / "faces.json"), "step": "faces", "settings": SETTINGS, "code": "b"}
    made |= {"inputs": {str(source): [str(tmp_path / "frames.json"), digest]}, "outputs": [str(output)]}
    with provenance.recorded(as_option(made)):
        output.write_text("faces")
    return made


def test_an_output_is_current_until_something_that_it_was_made_with_changes(job):
    source, output = (Path(path) for path in (*job["inputs"], *job["outputs"]))
    assert why_stale(job["record"], SETTINGS, "b") == ""
    other = {**SETTINGS, "cfg": {"margin": 1.5, "size": 64}}
    assert why_stale(job["record"], other, "b") == "it was made with other settings (cfg.margin)"
    assert why_stale(job["record"], SETTINGS, "c") == "it was made by other code"
    for path, reason in ((output, "another program"), (source, f"another {source}")):
        text = path.read_text()
        path.write_text("other")
        assert reason in why_stale(job["record"], SETTINGS, "b")
        path.write_text(text)  # the same content at another time
        assert why_stale(job["record"], SETTINGS, "b") == ""


def test_a_file_of_another_time_is_read_once(job):
    (output,) = job["outputs"]
    Path(output).touch()
    assert why_stale(job["record"], SETTINGS, "b") == ""
    noted = read_record(job["record"])["outputs"][output]
    assert noted["mtime_ns"] == Path(output).stat().st_mtime_ns


def test_a_large_file_that_snakemake_has_touched_is_not_read(job, monkeypatch):
    (output,) = (Path(path) for path in job["outputs"])
    monkeypatch.setattr(provenance, "SMALL", 1)
    monkeypatch.setattr(provenance, "_sha256", None)
    output.touch()
    assert why_stale(job["record"], SETTINGS, "b") == ""
    monkeypatch.undo()
    monkeypatch.setattr(provenance, "SMALL", 1)
    output.replace(output.with_suffix(".old"))
    output.write_text("FACES")  # another file of the same size
    assert "another program" in why_stale(job["record"], SETTINGS, "b")


def test_what_is_deleted_to_save_space_makes_nothing_stale(job):
    for path in (*job["inputs"], *job["outputs"]):
        Path(path).unlink()
    assert why_stale(job["record"], SETTINGS, "b") == ""
    records, problems = provenance.chain(job["record"])
    assert len(records) == 2 and not problems


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"step": 1', '{"inputs": {"a": 1}, "outputs": {}}'])
def test_a_broken_record_is_none(job, text):
    Path(job["record"]).write_text(text)
    assert read_record(job["record"]) is None
    assert "no record" in why_stale(job["record"], SETTINGS, "b")
    assert provenance.chain(job["record"])[1]


def test_a_job_refuses_inputs_of_other_settings_without_a_record_or_overwritten(job):
    (source,) = job["inputs"]
    record, digest = job["inputs"][source]
    with pytest.raises(StaleInput, match="other settings"):
        provenance.check_inputs(job | {"inputs": {source: [record, "0" * 16]}})
    Path(source).write_text("overwritten")
    with pytest.raises(StaleInput, match="another program"):
        provenance.check_inputs(job)
    Path(record).unlink()
    with pytest.raises(StaleInput, match="no record"):
        provenance.check_inputs(job)
    assert provenance.check_inputs(job | {"inputs": {source: None}}).keys() == {source}


def test_a_job_whose_input_changes_meanwhile_writes_no_record(job):
    (source,) = job["inputs"]
    Path(job["record"]).unlink()
    with pytest.raises(StaleInput, match="changed while"), provenance.recorded(as_option(job)):
        Path(source).write_text("changed")
    assert read_record(job["record"]) is None


def test_a_failed_job_and_all_but_the_first_process_write_no_record(job, monkeypatch):
    Path(job["record"]).unlink()
    with pytest.raises(ZeroDivisionError), provenance.recorded(as_option(job)):
        raise ZeroDivisionError
    monkeypatch.setenv("LOCAL_RANK", "1")
    with provenance.recorded(as_option(job)):
        pass
    assert read_record(job["record"]) is None


def test_the_chain_names_a_file_that_is_not_what_a_record_says(job):
    (source,) = job["inputs"]
    Path(source).write_text("other")
    assert any(problem.startswith(f"{source}: ") for problem in provenance.chain(job["record"])[1])


def test_a_folder_is_known_by_its_checksums(tmp_path):
    assert content(tmp_path)["sha256"] == ""
    (tmp_path / "SHA256SUMS").write_text("a")
    before = content(tmp_path)
    (tmp_path / "image.jpg").write_text("")
    assert content(tmp_path, before) == before
    (tmp_path / "SHA256SUMS").write_text("b")
    assert content(tmp_path, before)["sha256"] != before["sha256"]
    assert content(tmp_path / "missing") is None


def test_of_a_large_file_blocks_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "LARGE", 1000)
    monkeypatch.setattr(provenance, "BLOCKS", 4)
    monkeypatch.setattr(provenance, "BLOCK", 10)
    path = tmp_path / "large.bin"
    digests = set()
    for place, length in [(0, 1001), (5, 1001), (1000, 1001), (334, 1001), (0, 1002)]:
        data = bytearray(length)
        data[place] = 1
        path.write_bytes(data)
        digests.add(content(path)["sha256"])
    assert len(digests) == 5


@given(st.dictionaries(st.text(), st.text(), max_size=3), st.integers(0, 3000))
def test_a_job_survives_its_option_which_fits_a_command(settings, shards):
    paths = {f"results/faces/mine/{shard:012b}.csv": ["r.json", "d"] for shard in range(shards)}
    job = {"settings": settings, "inputs": paths}
    text = as_option(job)
    assert from_option(text) == job and len(text) < 131_072 / 2
    assert json.dumps(text)


def test_every_rule_with_outputs_writes_a_record():
    for file in sorted(RULES.glob("*.smk")):
        for name, body in re.findall(
            r"^(?:rule|checkpoint) (\w+):\n(.*?)(?=^\S|\Z)", file.read_text(), re.M | re.S
        ):
            has_outputs = "    output:" in body
            assert has_outputs == ("--record {params.record:q}" in body), f"{file.name}: {name}"
            assert not has_outputs or "code=script_digest(" in body, f"{file.name}: {name}"
