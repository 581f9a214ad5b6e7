"""What the package's predict.py prints."""

import onnx
import pytest
from made.onnx_files import METADATA, model

from deepfake.submissions import standalone

PREPROCESSING = {
    "frames": {"strategy": "uniform", "count": 2, "format": "png"},
    "faces": {"detector": "none", "size": 64, "format": "png"},
}
MODEL = model(
    metadata=METADATA | {"preprocessing": METADATA["preprocessing"] | {"corpora": {"made": PREPROCESSING}}}
)


@pytest.mark.parametrize("name", ["\x1b[2J\x1b]0;mine\x07.jpg", "a\rb\x9b31m.jpg", "\udcff\u202egpj.jpg"])
def test_names_of_files_send_no_commands_to_the_terminal(tmp_path, monkeypatch, capsys, name):
    onnx.save(MODEL, tmp_path / "a.onnx")
    monkeypatch.chdir(tmp_path)
    assert standalone.main([name, "--crops", "--model", "a.onnx", "--threads", "1"]) == 3
    out = capsys.readouterr().out
    assert out.endswith(".jpg there is no such file\n") and out[:-1].isprintable()


def test_a_limit_of_the_command_line_is_used(tmp_path):
    onnx.save(MODEL, tmp_path / "a.onnx")
    argv = ["a.jpg", "--crops", "--model", str(tmp_path / "a.onnx"), "--limits", '{"model_gb": 1e-9}']
    with pytest.raises(ValueError, match="limits.model_gb = 1e-09"):
        standalone.main(argv)
