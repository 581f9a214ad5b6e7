"""The options that all programs have which judge media: who decides, and how media are preprocessed."""

import argparse

from deepfake.detection.scores import DECISIVE
from deepfake.program import json_object


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add --people, for detect_media, and the five options for what preprocessing_of takes."""
    add = parser.add_argument
    add("--people", choices=list(DECISIVE), default="worst", help="which person decides a video's verdict")
    add("--corpus", help="preprocess as for this corpus of those that the model was trained on")
    add("--frames", type=json_object, default={}, help="JSON: settings of `frames` to override")
    add("--faces", type=json_object, default={}, help="JSON: settings of `faces` to override")
    add("--crops", action="store_true", help="images are face crops already")
    add("--face-model", help="path of YuNet's file, if it isn't where it was in training")
