"""Compress the c23 clips of a FaceForensics++ tree again, as a tree of c40.

    cd resources
    PYTHONPATH=../scripts:../tests python ../tests/results/compress_again.py real/ffpp results/ffpp_c23_at_40

The authors made c23 and c40 alike, with H.264 at a constant rate factor of 23 and 40, but both of the raw
clips. Here c40 is made of c23, so that the same clips can be compared at both. Size, time stamps and pixel
format stay; sound is left out. The preset is medium, as ffmpeg takes without being told. Clips that are
there already are skipped.
"""

import sys
from pathlib import Path

import av

CRF = 40
PRESET = "medium"
SAME_BYTES = {"threads": "2", "x264-params": "cpu-independent=1"}
"""x264 makes different clips with another number of threads, and, in its faster code, from run to run."""


def compress_tree(source: Path, output: Path) -> list[Path]:
    """Compress all `source`/…/c23/…/*.mp4 to `output`/…/c40/…/*.mp4; return the paths that were written.

    A clip is written to `<name>.part` and renamed, so that each .mp4 is a whole one.
    """
    written = []
    for clip in sorted(source.rglob("*.mp4")):
        parts = clip.relative_to(source).parts
        target = output.joinpath(*("c40" if part == "c23" else part for part in parts))
        if "c23" not in parts or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        compress(clip, part)
        part.replace(target)
        written.append(target)
    return written


def compress(clip: Path, output: Path) -> None:
    """Write an MP4 file with the frames of a clip's first video stream, in H.264 at CRF."""
    with av.open(clip) as source, av.open(output, "w", format="mp4") as made:
        stream = source.streams.video[0]
        options = {"crf": str(CRF), "preset": PRESET, **SAME_BYTES}
        encoder = made.add_stream("libx264", rate=stream.average_rate, options=options)
        encoder.width, encoder.height, encoder.pix_fmt = stream.width, stream.height, stream.pix_fmt
        encoder.codec_context.time_base = stream.time_base
        for frame in source.decode(stream):
            frame.pict_type = av.video.frame.PictureType.NONE  # x264 chooses its own keyframes
            made.mux(encoder.encode(frame))
        made.mux(encoder.encode())


def main() -> None:
    source, output = map(Path, sys.argv[1:])
    written = compress_tree(source, output)
    for path in written:
        print(path)
    if not written and not any(output.rglob("*.mp4")):
        sys.exit(f"{source}: holds no */c23/*/*.mp4; give the folder of FaceForensics++'s two trees")


if __name__ == "__main__":
    main()
