"""Community Forensics: images of 4,803 generators, and photos, in Parquet files on the Hugging Face Hub.

    data/systematic/*.parquet    (also manual, publicEval, commercial; data/*.parquet of the smaller sets)

Each row is an image: image_name, format, resolution, mode, image_data, model_name, nsfw_flag, prompt,
real_source, subset, split and label; architecture in the smaller sets. They are read from the table
`rows.csv` that stands for a Parquet file's columns, see parquet_rows.py. 1 is fake. The method is the
generator, model_name. Attributes are architecture, subset and real_source, the set of photos that an image is
from, or that goes with its generator. The prompts, and what was flagged as unsafe, are not read.

Few of the images show a face. A group is one image: nobody is named, and image_name starts again with each
generator. The full set's parts for training have fakes alone; CommunityForensics-Small and -Eval have photos.

Sources: Park and Owens, "Community Forensics: Using Thousands of Generators to Train Fake Image Detectors",
CVPR 2025; the dataset cards of OwensLab/CommunityForensics, -Small and -Eval on the Hub; dataloader.py in
JeongsooP/Community-Forensics.
"""

from dataclasses import replace

from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.listings import Line, videos_of_lines
from deepfake.layouts.parquet_rows import ROWS, MissingColumns, is_rows, read_rows
from deepfake.layouts.shared import SPLITS, archive_stem, unique_path

COLUMNS = ("label", "split", "model_name", "real_source", "subset", "architecture")
REQUIRED = ("label", "model_name", "real_source", "subset")
LABELS = {"0": REAL, "1": FAKE}
UNLISTED = f"not in {ROWS}"


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the images; those of a file without this set's columns have that problem.

    Raises UserError if a line of a table can't be understood.
    """
    media, lines, foreign = set(corpus.media), [], {}
    for table in corpus.label_files(is_rows):
        try:
            for entry, cells in read_rows(corpus, table, COLUMNS, REQUIRED):
                lines.append(_line(table, entry, cells, entry in media))
        except MissingColumns as error:
            foreign[table.archive] = str(error)
    rows = videos_of_lines(corpus, lines, _video, UNLISTED)
    return [
        replace(row, problem=foreign.get(row.entry.archive, UNLISTED)) if row.problem == UNLISTED else row
        for row in rows
    ]


def _line(table: Entry, entry: Entry, cells: list[str], is_there: bool) -> Line:
    label = LABELS.get(cells[0])
    problem = f"label is {cells[0]!r}, neither 0 nor 1" if label is None else ""
    split = SPLITS.get(cells[1].lower(), "")
    return Line(table, entry.path, [entry] if is_there else [], label, split, problem, cells)


def _video(entry: Entry, line: Line) -> Video:
    model, *known = line.cells[2:]
    name = "_".join(filter(None, (archive_stem(entry), *entry.parts[:-1], entry.stem)))
    return Video(
        entry,
        name=name,
        label=line.label,
        method=model if line.label == FAKE else "",
        original=name if line.label == REAL else "",
        group=unique_path(entry),
        split=line.split,
        attributes={column: cell for column, cell in zip(COLUMNS[3:], known, strict=True) if cell},
    )
