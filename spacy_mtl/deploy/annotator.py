"""Annotate large collections: rows in, rows with annotation out, by any engine."""

import os
from pathlib import Path
from typing import Any, Collection, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

from spacy.language import Language

from ..locks import ForkSafeLock
from .collection import ROWS_A_BATCH, Unreadable
from .fields import DEFAULT, FIELDS, arrow_values, check_fields, spark_type
from .saved import find_pipeline

#: The column with what went wrong, empty if nothing did.
ERROR = "error"
_LOADING = ForkSafeLock()
#: The pipelines of this process, by how they are loaded. Engines copy annotators for each batch.
_LOADED: Dict[Tuple[str, Tuple[str, ...], Optional[int]], Language] = {}


class Annotator:
    """A pipeline that annotates batches of rows, each with a text.

    The pipeline is loaded when it is first needed, once in each process, and never sent to another
    one: so a copy for a worker is small. All columns of the rows are kept, those of the fields
    added. A row that can't be annotated has its error in the column "error", and no annotation; the
    others go on.

    For Ray, `dataset.map_batches(Annotator, fn_constructor_args=["pipeline"],
    batch_format="pyarrow", compute=ActorPoolStrategy(min_size=1, max_size=2))`; for Spark,
    `frame.mapInArrow(annotator.in_arrow, schema)` or `mapInPandas`, with a schema from
    `spark_schema`.
    """

    def __init__(
        self,
        pipeline: Union[str, Path],
        fields: Sequence[str] = DEFAULT,
        *,
        text: str = "text",
        batch_size: Optional[int] = None,
        n_threads: Optional[int] = 1,
        exclude: Sequence[str] = (),
    ) -> None:
        """Prepare to annotate. Loads nothing.

        pipeline (Union[str, Path]): The name of an installed pipeline, or its folder, which each
            worker must find there.
        fields (Sequence[str]): The columns to add: some of "tokens", "tags", "pos", "lemmas",
            "ents", "spans" (of all keys) and "cats". Entities and spans have character offsets,
            and a score where the pipeline gives one.
        text (str): The column with the text.
        batch_size (Optional[int]): Texts that go through the pipeline at once. None for that of
            the pipeline.
        n_threads (Optional[int]): The threads of each process. None for as many as there are cores.
        exclude (Sequence[str]): Components that aren't loaded.
        RAISES (ValueError): If a field is unknown, or has the name of the column with the text.
        """
        check_fields(fields)
        if text in (*fields, ERROR):
            raise ValueError(
                f"'text' of an Annotator is '{text}', but a column of that name is added. Rename "
                "the column with the texts."
            )
        self.pipeline = str(pipeline)
        self.fields = list(fields)
        self.text = text
        self.batch_size = batch_size
        self.n_threads = n_threads
        self.exclude = list(exclude)

    @property
    def nlp(self) -> Language:
        """RETURNS (Language): The pipeline of this process."""
        key = self.pipeline, tuple(self.exclude), self.n_threads
        with _LOADING:
            if key not in _LOADED:
                _LOADED[key] = self._load()
            return _LOADED[key]

    @property
    def added(self) -> List[str]:
        """RETURNS (List[str]): The names of the columns that are added."""
        return [*self.fields, ERROR]

    def annotate(self, texts: Sequence[Any]) -> List[Dict[str, Any]]:
        """Annotate texts.

        texts (Sequence[Any]): The texts. What is none has an error.
        RETURNS (List[Dict[str, Any]]): For each, the fields and "error".
        """
        some = [texts[i : i + ROWS_A_BATCH] for i in range(0, len(texts), ROWS_A_BATCH)]
        return [found for part in some for found in self._annotate_some(part)]

    def _annotate_some(self, texts: Sequence[Any]) -> List[Dict[str, Any]]:
        nlp = self.nlp
        with nlp.memory_zone():
            # A tokenizer of spaCy takes no subclass of str, such as numpy's.
            good = [str(text) for text in texts if isinstance(text, str)]
            found = iter(self._annotate_all(nlp, good))
            return [next(found) if isinstance(text, str) else _no_text(text) for text in texts]

    def rows(self, rows: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
        """Annotate rows that are dicts.

        rows (Sequence[Dict[str, Any]]): The rows.
        RETURNS (List[Dict[str, Any]]): The rows with the added columns.
        RAISES (ValueError): If a row has a column that would be added.
        """
        self._check_new({name for row in rows for name in row})
        texts = [row.get(self.text) for row in rows]
        found = self.annotate(texts)
        none = dict.fromkeys(self.fields)
        gaps = [{self.text: None} if isinstance(text, Unreadable) else {} for text in texts]
        return [{**row, **gap, **none, **own} for row, gap, own in zip(rows, gaps, found)]

    def __call__(self, batch: Any) -> Any:
        """Annotate a batch of rows in columns.

        batch (Union[Table, RecordBatch, DataFrame, Dict[str, ndarray]]): The rows.
        RETURNS (Union[Table, RecordBatch, DataFrame, Dict[str, ndarray]]): A new batch of the same
            kind.
        RAISES (ValueError): If it has no column with texts, or one that would be added.
        """
        names = list(batch.column_names if hasattr(batch, "column_names") else batch)
        self.check(names)
        if hasattr(batch, "to_pylist"):
            return self._arrow(batch)
        texts = list(batch[self.text])
        if not isinstance(batch, dict):
            # What is missing has several types in pandas.
            gaps = batch[self.text].isna()
            texts = [None if gap else text for text, gap in zip(texts, gaps)]
        found = self.annotate(texts)
        columns = {name: [row.get(name) for row in found] for name in self.added}
        if isinstance(batch, dict):
            return {**batch, **{name: _objects(values) for name, values in columns.items()}}
        return batch.assign(**{name: _objects(values) for name, values in columns.items()})

    def in_arrow(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Annotate batches, as `mapInArrow` of Spark does.

        batches (Iterable[RecordBatch]): The batches.
        YIELDS (RecordBatch): The annotated ones.
        """
        yield from map(self, batches)

    def in_pandas(self, frames: Iterable[Any]) -> Iterator[Any]:
        """Annotate frames, as `mapInPandas` of Spark does.

        frames (Iterable[DataFrame]): The frames.
        YIELDS (DataFrame): The annotated ones.
        """
        yield from map(self, frames)

    def spark_schema(self, before: str = "") -> str:
        """Make the schema of annotated rows for Spark.

        before (str): The schema of the rows, such as "id bigint, text string".
        RETURNS (str): That of the annotated ones.
        """
        added = [f"{name} {spark_type(FIELDS[name].kind)}" for name in self.fields]
        return ", ".join([*([before] if before else []), *added, f"{ERROR} string"])

    def _load(self) -> Language:
        import torch
        from spacy.util import load_model

        if self.n_threads is not None:
            torch.set_num_threads(self.n_threads)
            # For libraries that start later.
            os.environ.setdefault("OMP_NUM_THREADS", str(self.n_threads))
        # A folder, also where a package of this name is installed, as in all commands.
        is_folder = os.path.isdir(self.pipeline)
        given = find_pipeline(self.pipeline) if is_folder else self.pipeline
        return load_model(given, exclude=self.exclude)

    def _annotate_all(self, nlp: Language, texts: List[str]) -> List[Dict[str, Any]]:
        try:
            docs = nlp.pipe(texts, batch_size=self.batch_size)
            # One by one: a document keeps what the encoder has made of it.
            found = [{**self._fields_of(doc), ERROR: None} for doc in docs]
            if len(found) == len(texts):
                return found
            if len(texts) == 1:
                return [{ERROR: "The pipeline has left this text out"}]
        # Components may raise anything. Then find out which text it was.
        except Exception as err:
            if len(texts) == 1:
                return [{ERROR: f"{type(err).__name__}: {err}"}]
        return [found for text in texts for found in self._annotate_all(nlp, [text])]

    def _fields_of(self, doc: Any) -> Dict[str, Any]:
        return {name: FIELDS[name].read(doc) for name in self.fields}

    def _arrow(self, batch: Any) -> Any:
        import pyarrow

        found = self.annotate(batch.column(self.text).to_pylist())
        kinds = {**{name: FIELDS[name].kind for name in self.fields}, ERROR: "string"}
        columns = [
            arrow_values([row.get(name) for row in found], kind) for name, kind in kinds.items()
        ]
        kind = pyarrow.RecordBatch if isinstance(batch, pyarrow.RecordBatch) else pyarrow.Table
        names = [*batch.schema.names, *kinds]
        return kind.from_arrays([*batch.columns, *columns], names=names)

    def check(self, names: List[str]) -> None:
        """Check the names of columns.

        names (List[str]): The names.
        RAISES (ValueError): If none is that of the texts, or one would be added.
        """
        if self.text not in names:
            raise ValueError(
                f"The rows have no column '{self.text}', but: {', '.join(names)}. Name the column "
                "with the texts: 'text' of the Annotator."
            )
        self._check_new(names)

    def _check_new(self, names: Collection[str]) -> None:
        twice = [name for name in self.added if name in names]
        if twice:
            way = "" if twice[0] == ERROR else ", or leave it out of 'fields' of the Annotator"
            raise ValueError(
                f"The rows have a column '{twice[0]}', which would be added. Rename it{way}."
            )


def _no_text(value: Any) -> Dict[str, Any]:
    if isinstance(value, Unreadable):
        return {ERROR: value.reason}
    return {ERROR: f"The text is no text, but of the type {type(value).__name__}"}


def _objects(values: List[Any]) -> Any:
    """RETURNS (ndarray): An array of objects, also for lists of the same length."""
    import numpy

    found = numpy.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        found[i] = value
    return found
