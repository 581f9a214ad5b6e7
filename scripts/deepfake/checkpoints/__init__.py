"""Trained detectors in files: best.pt and the formats that it can be exported to (ONNX, safetensors)."""
