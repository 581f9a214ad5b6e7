"""The config for what was found: it runs as it is, and says of each key why it is so."""

from collections.abc import Iterator

import yaml

from deepfake.config.paths import WILDCARD
from deepfake.console import printable
from deepfake.corpora.index import CLASSES
from deepfake.suggest.archive_patterns import patterns_of
from deepfake.suggest.corpora import Corpus, Found
from deepfake.suggest.oddities import find_oddities
from deepfake.suggest.recipe import Recipe, is_usable
from deepfake.suggest.report import NO_FAKES, evidence, has_no_fakes, takes

DATASET = "mine"
SIZE_MB = 2000
FIRST_TRY = 300  # videos of each class
COLUMN, WIDTH = 28, 110  # where comments begin, and where a line is too long for one
TABLE_COLUMNS = ("path", "label", "method", "original", "group", "split")


def config_text(
    found: Found, recipe: Recipe, file: str = "mine.yaml", tables: dict[str, str] | None = None
) -> str:
    """Return the config as YAML with comments. `file` is its name, `tables` those written, by corpus."""
    lines = list(_head(found, recipe, file))
    if recipe.corpora:
        lines += ["corpora:"]
        for corpus in recipe.corpora:
            lines += _corpus(corpus)
        lines += _dataset(recipe)
    for corpus in found.corpora:
        if not is_usable(corpus):
            lines += ["", *_unusable(corpus, (tables or {}).get(corpus.name, ""))]
    return "\n".join(lines) + "\n"


def _head(found: Found, recipe: Recipe, file: str) -> Iterator[str]:
    if not recipe.corpora or recipe.lacks:
        yield "# Nothing can be made from this yet; see below."
        return
    yield "# Made by suggest. It runs as it is; every other setting is in config.yaml, with its default."
    yield f"#   snakemake --cores all results/{DATASET} --configfile {printable(file)}   # the dataset"
    yield f"#   snakemake --cores all --configfile {printable(file)}   # models and the report too"
    if left := [corpus.name for corpus in found.corpora if not is_usable(corpus)]:
        yield f"# Not in it yet: {', '.join(left)}; see the end."
    yield ""


def _corpus(corpus: Corpus) -> Iterator[str]:
    fit, counts = corpus.fit, corpus.counts
    numbers = ", ".join(f"{counts.of_class(label):,} {name}" for label, name in CLASSES.items())
    yield f"  {corpus.name}:"
    yield _line(f"    layout: {fit.layout}", f"{evidence(fit)}: {numbers}")
    yield from _source(corpus, "    ")
    if corpus.labels:
        yield f"    label_files: {scalar(corpus.labels)}"
    if fit.columns:
        yield _line(f"    columns: {scalar(fit.columns)}", "a guess, by names and values: check it")
    if corpus.crops:
        faces = f"    faces: {{detector: none, size: {corpus.crops}}}"
        yield _line(faces, "its images are small squares: face crops already; else take this away")
    elif sum(counts.videos.values()) > 2 * FIRST_TRY:
        yield _line(f"    # max_videos: {FIRST_TRY}", "of each class, for a first try")
    yield f"    # takes {takes(corpus)}"
    yield from (f"    # odd: {printable(line)}" for line in find_oddities(corpus))


def _source(corpus: Corpus, start: str) -> Iterator[str]:
    paths = [corpus.folder] if corpus.folder else corpus.archives
    if any(WILDCARD.search(path) for path in paths):
        yield f"{start}# Snakemake takes braces for a wildcard; make a link to this, and write its path"
    if corpus.folder:
        yield f"{start}folder: {scalar(corpus.folder)}"
    else:
        yield f"{start}archives: {scalar(patterns_of(corpus.archives))}"


def _dataset(recipe: Recipe) -> Iterator[str]:
    if recipe.lacks:
        yield f"# No dataset yet: no corpus has {' and '.join(recipe.lacks)} videos or images; add one."
        return
    mb = sum(corpus.estimate.crops_gb for corpus in recipe.corpora) * 1000
    yield "datasets:"
    yield _line(f"  {DATASET}:", f"becomes results/{DATASET}/{{train,val,test}}/{{real,fake}}/*.jpg")
    yield f"    corpora: {scalar([corpus.name for corpus in recipe.corpora])}"
    yield _line(
        f"    size_mb: {SIZE_MB}", f"at most; about {max(1, mb):,.0f} MB of faces are there before balancing"
    )
    why = f"of {recipe.sets:,} sets of people or originals of each class, which are never divided"
    yield _line(f"    splits: {scalar(recipe.splits)}", why)
    if recipe.is_few:
        yield "    # so few sets make rough scores; add corpora before you trust any"
    if recipe.official:
        yield _line("    # policy: official", "the corpora's own splits instead, whatever leaks they have")
    if len(recipe.corpora) > 1:
        last = recipe.corpora[-1].name
        yield _line(f"    # test_only: [{last}]", "a corpus that no model has learnt from")
    if not recipe.can_train:
        yield _line(
            "train: {models: []}", "too few sets for a validation set, without which nothing can be trained"
        )


def _unusable(corpus: Corpus, table: str) -> Iterator[str]:
    """Yield a corpus that isn't used, as comments to be completed."""
    if corpus.choice.rivals:
        why = f"choose a layout: {' or '.join(fit.layout for fit in corpus.choice.rivals)}"
    elif corpus.fit:
        why = next(iter(find_oddities(corpus)))
    else:
        why = f"no layout fits its {corpus.media:,} files" + (f"; {NO_FAKES}" if has_no_fakes(corpus) else "")
    yield f"# {printable(corpus.source)}: {printable(why)}"
    rivals = [fit.layout for fit in corpus.choice.rivals]
    layout = rivals[0] if rivals else corpus.fit.layout if corpus.fit else "csv"
    yield "# corpora:"
    yield f"#   {corpus.name}:"
    yield _line(f"#     layout: {layout}", f"or {', '.join(rivals[1:])}" if rivals[1:] else "")
    yield from (f"#{line}" for line in _source(corpus, "     "))
    columns = next((fit.columns for fit in corpus.choice.rivals if fit.layout == layout), None)
    if columns:
        yield f"#     columns: {scalar(columns)}"
    if layout == "csv" and not columns:
        name = table or "mine.csv"
        yield f"#     label_files: {scalar([name])}"
        own = {"table": name.rpartition("/")[2], **{key: key for key in TABLE_COLUMNS}}
        yield _line(
            f"#     columns: {scalar(own)}", "" if table else "--table mine.csv writes it, to be filled in"
        )


class _Dumper(yaml.SafeDumper):
    """Writes text with line breaks and other characters that don't print in double quotes, on one line."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_Dumper.add_representer(str, _Dumper.represent_text)


def scalar(value: object) -> str:
    """Return a value as YAML on one line, whatever is in its texts."""
    options = {"default_flow_style": True, "width": 1 << 30, "allow_unicode": True, "sort_keys": False}
    return yaml.dump([value], Dumper=_Dumper, **options).strip()[1:-1]


def _line(text: str, comment: str) -> str:
    """Return a line with a comment, which stands above it where it would be too far right."""
    if not comment:
        return text
    whole = f"{text.ljust(COLUMN)} # {printable(comment)}"
    start = text[: len(text) - len(text.lstrip("# "))]
    return whole if len(whole) <= WIDTH else f"{start}# {printable(comment)}\n{text}"
