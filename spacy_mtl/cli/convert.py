"""`python -m spacy mtl convert`: convert annotated corpora to `.spacy` files."""

from pathlib import Path
from typing import Any, Dict, List, Optional

from wasabi import msg

from ..compat.spacy_cli import Arg, Opt
from .errors import telling
from .outcome import Outcome, reporting

#: The keys of `SCHEMES` and `FORMATS`, which are not imported before they are needed.
SCHEME_NAMES = "iob1, iob2, bio, biluo, bilou, iobes"
FORMAT_NAMES = "auto, conllu, iob, seq, tsv, csv, jsonl"


@reporting
@telling("Cannot convert")
def convert_cli(
    inputs: List[Path] = Arg(
        ...,
        metavar="INPUT",
        help="Files, folders of files, or folders with seq.in, seq.out and label",
    ),
    output: Path = Arg(
        ..., metavar="OUTPUT", help="A .spacy file (for one input file), or a folder"
    ),
    format: str = Opt("auto", "--format", "-f", help=f"One of: {FORMAT_NAMES}"),
    n_sents: Optional[int] = Opt(
        None,
        "--n-sents",
        "-n",
        help="conllu, iob: sentences per document, 0 for whole source documents (default: 1)",
    ),
    cats_from: Optional[str] = Opt(
        None,
        "--cats-from",
        "-c",
        help="conllu: metadata with the category: genre for '# meta::genre = x'",
    ),
    entities: Optional[str] = Opt(
        None,
        "--entities",
        "-e",
        help="conllu: auto, gum (named entities in GUM's Entity field) or none (default: auto)",
    ),
    scheme: Optional[str] = Opt(
        None,
        "--scheme",
        "-s",
        help=f"iob, seq: scheme of the entity tags: auto, {SCHEME_NAMES} (default: auto)",
    ),
    word_column: Optional[int] = Opt(
        None, "--word-column", help="iob: column of the words, from 0 (default: 0)"
    ),
    ner_column: Optional[int] = Opt(
        None,
        "--ner-column",
        help="iob: column of the entity tags, from 0, or from -1 at the end (default: -1)",
    ),
    no_ner: bool = Opt(False, "--no-ner", help="iob: there are no entity tags"),
    tag_column: Optional[int] = Opt(
        None, "--tag-column", help="iob: column of the part-of-speech tags (default: none)"
    ),
    header: Optional[bool] = Opt(
        None,
        "--header/--no-header",
        help="iob, tsv, csv: whether the first row names the columns (default: detected)",
    ),
    comment: Optional[str] = Opt(
        None, "--comment", help="iob: prefix of comment lines (default: detected)"
    ),
    text_column: Optional[str] = Opt(
        None,
        "--text-column",
        help="tsv, csv: name or index of the text column (default: text, or 0)",
    ),
    label_column: Optional[str] = Opt(
        None,
        "--label-column",
        help="tsv, csv: name or index of the label column (default: label, or 1)",
    ),
    delimiter: Optional[str] = Opt(
        None, "--delimiter", "-d", help="tsv, csv: custom character between columns"
    ),
    quotes: Optional[bool] = Opt(
        None,
        "--quotes/--no-quotes",
        help="tsv, csv: whether fields may be in double quotes (default: yes)",
    ),
    multilabel: Optional[str] = Opt(
        None,
        "--multilabel",
        "-m",
        help="tsv, csv, seq: separator between several labels of a text (default: one label)",
    ),
    labels: Optional[str] = Opt(
        None,
        "--labels",
        "-L",
        help="All category labels, separated by commas (default: those found)",
    ),
    lang: Optional[str] = Opt(
        None,
        "--lang",
        "-l",
        help="tsv, csv, jsonl: language of the tokenizer, for texts without words (default: en)",
    ),
    unknown_spaces: bool = Opt(
        False,
        "--unknown-spaces",
        "-u",
        help="Mark the spacing as unknown, so that spaCy's reader keeps the words as they are",
    ),
    dev_share: Optional[float] = Opt(
        None,
        "--dev-share",
        "-D",
        help="Share of the documents for a development part: writes train/NAME.spacy and "
        "dev/NAME.spacy",
    ),
    force: bool = Opt(False, "--force", "-F", help="Replace .spacy files that exist"),
) -> Outcome:
    """
    Convert annotated corpora to .spacy files. Annotation that a format doesn't have
    stays missing in the output.

    Every document gets the category labels of all inputs: convert the splits of a
    corpus together, or pass --labels.

    Example: python -m spacy mtl convert train.conllu dev.conllu corpus
    """
    from ..corpus.convert import convert

    options: Dict[str, Any] = {
        "n_sents": n_sents,
        "cats_from": cats_from,
        "entities": entities,
        "scheme": scheme,
        "word_column": word_column,
        "ner_column": ner_column,
        "tag_column": tag_column,
        "header": header,
        "comment": comment,
        "text_column": text_column,
        "label_column": label_column,
        "delimiter": delimiter,
        "quotes": quotes,
        "multilabel": multilabel,
        "lang": lang,
    }
    options = {name: value for name, value in options.items() if value is not None}
    if no_ner and ner_column is not None:
        raise ValueError("--no-ner and --ner-column contradict each other")
    if no_ner:
        options["ner_column"] = None
    conversion = convert(
        inputs,
        output,
        format=format,
        labels=[label.strip() for label in labels.split(",")] if labels is not None else None,
        unknown_spaces=unknown_spaces,
        overwrite=force,
        dev_share=dev_share,
        **options,
    )
    return Outcome(_as_json(conversion), lambda: _print(conversion))


def _as_json(conversion: Any) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): A `Conversion` as JSON."""
    from ..report.json_types import to_json_types

    return {
        "files": [
            {
                **to_json_types(vars(summary)),
                "source": str(summary.source),
                "target": str(summary.target),
            }
            for summary in conversion.files
        ],
        "skipped": [str(path) for path in conversion.skipped],
    }


def _print(conversion: Any) -> None:
    """Print a `Conversion`."""
    for path in conversion.skipped:
        reason = "not in the format" if path.is_file() or path.is_dir() else "not a regular file"
        msg.info(f"Skipped, {reason}: {path}")
    for summary in conversion.files:
        _print_summary(summary)


def _print_summary(summary: Any) -> None:
    msg.divider(str(summary.source))
    msg.text(f"Format: {summary.format} ({summary.reason})")
    for note in summary.taken:
        msg.text(f"Found {note}")
    msg.table(summary.rows(), aligns=("l", "r", "l"))
    for what, count in summary.left_out.items():
        msg.warn(f"Left out: {what} ({count:,})")
    msg.good(f"Saved {summary.docs:,} documents: {summary.target}")
