"""Find out how much text the encoder of a pipeline reads at once."""

from dataclasses import dataclass
from typing import Any, Optional

from spacy.language import Language
from spacy.training import Example

from ...compat.spacy_transformers import objects_of


@dataclass(frozen=True)
class Window:
    """The amount of text an encoder reads at once.

    tokenizer (Any): A transformers tokenizer.
    size (int): The number of wordpieces, including special ones.
    """

    tokenizer: Any
    size: int

    def is_exceeded_by(self, example: Example) -> bool:
        """RETURNS (bool): Whether a text has more wordpieces than fit."""
        # A wordpiece has at least one character.
        text = example.predicted.text
        return len(text) > self.size and len(self.tokenizer(text)["input_ids"]) > self.size


def window_of(nlp: Language) -> Optional[Window]:
    """RETURNS (Optional[Window]): The window of the pipeline's transformer, if it has one."""
    for _, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        for node in model.walk() if model is not None else ():
            for shim in node.shims:
                found: Any = objects_of(shim)
                tokenizer = None if found is None else found.tokenizer
                if tokenizer is not None:
                    longest = getattr(found.transformer.config, "max_position_embeddings", 512)
                    return Window(tokenizer, min(tokenizer.model_max_length, longest))
    return None
