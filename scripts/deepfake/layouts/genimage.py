"""GenImage, and the many sets in its layout: for each generator its images, and as many photos of ImageNet.

    <generator>/{train,val}/{ai,nature}/<image>     Midjourney/val/ai/12.png
    imagenet_ai_0419_biggan/train/nature/<image>    a generator's folder, as its zips unpack

The method is the generator: the folder above the split without `imagenet_ai_<date>_`, or the name of its zip;
"" for `imagenet_ai`, into which the authors put all generators together. Few of its images show a face.

Group: photos of one name, since ImageNet's names are unique and a photo may be with several generators; else
the image itself. The authors' val is the set that they test on.

Sources: Zhu et al., "GenImage: A Million-Scale Benchmark for Detecting AI-Generated Image", NeurIPS Datasets
and Benchmarks 2023; Readme.md of GenImage-Dataset/GenImage; the folders of its zips, as loaders of
TinyGenImage list them (imagenet_ai_0419_biggan, imagenet_ai_0508_adm, imagenet_glide and others).
"""

import re

from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import SPLITS, folders, unexpected_path, unique_path

CLASSES = {"ai": FAKE, "nature": REAL}
GENERATOR = re.compile(r"imagenet_ai|imagenet_(?:ai_(?:[0-9]{4}_)?)?(.+)", re.IGNORECASE)
SIGN = re.compile(r"(?:^|/)(?:ai|nature)/", re.IGNORECASE)
EXPECTED = "<generator>/{train,val}/{ai,nature}/<still>"


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the images; there are no label files."""
    return [_video(entry) for entry in corpus.media]


def _video(entry: Entry) -> Video:
    above = folders(entry)
    if len(above) < 2 or above[-1].lower() not in CLASSES or above[-2].lower() not in SPLITS:
        return unexpected_path(entry, EXPECTED)
    if not entry.is_image:
        return unexpected_path(entry, EXPECTED)
    split, generator = SPLITS[above[-2].lower()], _generator(above[-3] if len(above) > 2 else "")
    if CLASSES[above[-1].lower()] == REAL:
        return Video(entry, entry.stem, REAL, original=entry.stem, group=f"nature/{entry.stem}", split=split)
    name = "_".join(filter(None, (generator, split, entry.stem)))
    return Video(entry, name, FAKE, generator, group=unique_path(entry), split=split)


def _generator(folder: str) -> str:
    match = GENERATOR.fullmatch(folder)
    return (match[1] or "") if match else folder
