"""The images of a dataset that was made elsewhere: a folder with splits, of which nothing else is known.

{train,val,test}/<class>/<image>            with the splits' usual synonyms, in upper or lower case;
<class>/{train,val,test}/<image>            there may be further folders anywhere
[{train,val,test}/]metadata.csv             optional: file_name, and any of video, target, source,
                                            original and group, as in a dataset of this workflow
"""

from collections import Counter
from pathlib import Path

import pandas as pd

from deepfake.console import printable
from deepfake.corpora.archives import MemberError
from deepfake.corpora.sources import FolderSource, list_files
from deepfake.errors import UserError
from deepfake.layouts.entries import Entry
from deepfake.layouts.imagefolder import CLASSES
from deepfake.layouts.media_types import IMAGE, kind_by_name
from deepfake.layouts.service_files import service_part
from deepfake.layouts.shared import SPLITS, video_of_frame
from deepfake.tables import METADATA
from deepfake.text_files import decode_text, find_column, read_cells

KNOWLEDGE = ("video", "target", "source", "original", "group")
"""Columns of an optional metadata.csv that the audit uses."""

NO_CLASS = "(no class)"


def read_folder(folder: Path, name: str) -> tuple[pd.DataFrame, Counter]:
    """Return a row for each image in a split's folder, and how many other files there are, by what they are.

    The rows have the columns METADATA, ordered by file_name, and `class`: real, fake, or the name of the
    folder. The corpus is `name`. `video` is by the names of files and folders, and `known_video` that of
    metadata.csv, "" without one. Raises UserError if there is no folder, or no image in a split.
    """
    rows, others = [], Counter()
    paths = list_files(folder)
    for path in paths:
        if service_part(path):
            others["hidden or service files"] += 1
        elif kind_by_name(path) != IMAGE:
            others["files that aren't images"] += 1
        elif row := _row(path, name):
            rows.append(row)
        else:
            others["images in no split's folder"] += 1
    if not rows:
        raise UserError(
            f"{folder}: no image lies in a folder named like a split; the audit needs "
            f"{{train,val,test}}/{{real,fake}}/<image>, and knows {', '.join(SPLITS)}"
        )
    table = pd.DataFrame(rows).reindex(columns=[*METADATA, "class", "known_video"], fill_value="")
    table = table.sort_values("file_name", kind="stable", ignore_index=True)
    return _with_knowledge(table, folder, [path for path in paths if _is_table(path)]), others


def _row(path: str, name: str) -> dict[str, str] | None:
    entry = Entry("", path)
    folders = list(entry.parts[:-1])
    split = next((i for i, folder in enumerate(folders) if folder.lower() in SPLITS), None)
    if split is None:
        return None
    known = [i for i, folder in enumerate(folders) if i != split and folder.lower() in CLASSES]
    below = [split + 1] if split + 1 < len(folders) else [split - 1] if split else []
    at = next(iter([i for i in known if i > split] or known or below), None)
    label = None if at is None else CLASSES.get(folders[at].lower())
    inner = folders[max(split, -1 if at is None else at) + 1 :]
    video = "/".join(inner) or video_of_frame(entry) or entry.stem
    return {
        "file_name": path,
        "label": "" if label is None else str(label),
        "class": NO_CLASS if at is None else folders[at] if label is None else ("real", "fake")[label],
        "corpus": name,
        "video": "/".join([*folders[: len(folders) - len(inner)], video]),
        "split": SPLITS[folders[split].lower()],
    }


def _is_table(path: str) -> bool:
    *above, last = path.lower().split("/")
    return last == "metadata.csv" and (not above or (len(above) == 1 and above[0] in SPLITS))


def _with_knowledge(rows: pd.DataFrame, folder: Path, tables: list[str]) -> pd.DataFrame:
    """Return the rows with what tables say of them; `file_name` is relative to the table's folder."""
    known = {column: {} for column in KNOWLEDGE}
    for path in tables:
        try:
            text = decode_text(FolderSource(folder, {}).read("", path), printable(path))
        except MemberError as error:
            raise UserError(f"{folder / path}: {error}; put it right, or take it away") from None
        lines = read_cells(text, printable(path), ("file_name", *KNOWLEDGE))
        _, header = next(lines, (0, []))
        columns = {column: find_column(header, column) for column in ("file_name", *KNOWLEDGE)}
        if columns["file_name"] is None:
            continue  # a table of something else
        above = path.rpartition("/")[0]
        for _, cells in lines:
            values = {c: cells[at].strip() for c, at in columns.items() if at is not None and at < len(cells)}
            image = f"{above}/{values.get('file_name', '')}".lstrip("/")
            for column in KNOWLEDGE:
                known[column][image] = values.get(column, "")
    for column in KNOWLEDGE:
        found = rows["file_name"].map(known[column]).fillna("")
        rows["known_video" if column == "video" else column] = found
    rows["video"] = rows["video"].where(rows["known_video"] == "", rows["known_video"])
    return rows
