"""What a corpus will take: frames, disk and core hours, from the rates of docs/speed.md."""

from dataclasses import dataclass

from deepfake.corpora.index import boost_factor
from deepfake.layouts.entries import FAKE, REAL
from deepfake.suggest.counts import Counts

# docs/speed.md, "What the whole of DFDC would take"
FRAME_KB, CROP_KB = 380, 18.4  # of a frame at 1080p, and of a crop of 224 pixels
SECONDS_PER_VIDEO, SECONDS_PER_FRAME = 0.77, 0.135  # CPU time, dlib with search: full
# docs/speed.md, "From videos to crops": a JPEG decoded, hashed and written, without a search
SECONDS_PER_CROP = 0.008


@dataclass(frozen=True)
class Estimate:
    """`images` that are taken or read, `frames_gb` and `crops_gb` on disk, and `core_hours`."""

    images: int
    frames_gb: float
    crops_gb: float
    core_hours: float


def estimate(counts: Counts, frames: int, boost: int, are_crops: bool) -> Estimate:
    """Return what a corpus takes with `frames.count` and `frames.boost` of the config.

    `are_crops`: its images are face crops already, which no detector searches.
    """
    videos = {label: round(counts.videos[label]) for label in (REAL, FAKE)}
    fewer, more = sorted(videos, key=videos.get)
    factor = boost_factor(videos[fewer], videos[more], boost)
    taken = frames * (videos[fewer] * factor + videos[more])
    stills = round(sum(counts.stills.values()))
    each = SECONDS_PER_CROP if are_crops else SECONDS_PER_FRAME
    seconds = sum(videos.values()) * SECONDS_PER_VIDEO + taken * SECONDS_PER_FRAME + stills * each
    images = taken + stills
    return Estimate(images, taken * FRAME_KB / 1e6, images * CROP_KB / 1e6, seconds / 3600)
