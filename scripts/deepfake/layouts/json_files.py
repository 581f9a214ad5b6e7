"""Label files in JSON: lists and objects of records, whatever else is in them."""

import json
from collections.abc import Collection

from deepfake.errors import UserError
from deepfake.layouts.entries import Corpus, Entry

Record = dict[str, object]


def read_json(corpus: Corpus, entry: Entry, kind: type, expected: str, keep: Collection[str] = ()) -> object:
    """Return the content of a JSON file, which must be of `kind`, list or dict.

    Objects keep only the keys `keep`, if there are any: a million records take gigabytes. Raises UserError,
    naming the file, for anything else; `expected` is an example of what it should have.
    """

    def kept(record: dict) -> dict:
        return {key: record[key] for key in keep if key in record}

    try:
        content = json.loads(corpus.text(entry), object_hook=kept if keep else None)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{entry}: expected JSON such as {expected}: {error}") from None
    if not isinstance(content, kind):
        raise UserError(f"{entry}: expected JSON such as {expected}, got {type(content).__name__}")
    return content


def read_records(corpus: Corpus, entry: Entry, expected: str, keep: Collection[str] = ()) -> list[Record]:
    """Return the records of a JSON file that holds a list of objects. Raises UserError for other content.

    `keep` as for read_json.
    """
    records = read_json(corpus, entry, list, expected, keep)
    if not all(isinstance(record, dict) for record in records):
        raise UserError(f"{entry}: expected a list of objects such as {expected}")
    return records


def text_of(record: Record, key: str) -> str:
    """Return a text of a record; "" where it has none under this key."""
    value = record.get(key)
    return value.strip() if isinstance(value, str) else ""
