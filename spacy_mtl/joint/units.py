"""Losses and gradients of stock components, brought to a mean per unit.

spaCy's own components send the gradient of a sum: over tokens (tagger, morphologizer,
trainable_lemmatizer, senter, span_finder), over documents (textcat), over parser states
(parser, ner) or spans (spancat). As a loss they report the sum of its squares, but textcat: the
mean over documents and labels. What is not over documents is brought to a mean over tokens:
states are about as many, spans as many as the suggester makes of them. The heads of this
package have means for both.
"""

import math
from typing import Any, Tuple

from spacy.pipeline import TextCategorizer

from ..types import TokenVectors


def divisors(pipe: Any, d_view: TokenVectors) -> Tuple[float, float]:
    """Say what makes a mean of a component's gradient and of its loss.

    pipe (Pipe): The component.
    d_view (List[Floats2d]): The gradient that it sent. What it left at zero was not
        annotated. Shape of each: (n_tokens, width).
    RETURNS (Tuple[float, float]): Divisors of the gradient and of the loss. 1.0 for heads
        of this package; tokens or documents that have a gradient for stock ones.
    """
    if hasattr(pipe, "unit"):
        return 1.0, 1.0
    if isinstance(pipe, TextCategorizer):
        # As all others: the sum over labels.
        n_labels = float(max(1, len(pipe.labels)))
        return float(max(1, sum(bool(d.any()) for d in d_view))), 1 / n_labels
    n_tokens = float(sum(int(d.any(axis=1).sum()) for d in d_view))
    # Layers that begin at zero send nothing at first: how many units there were is not known.
    return (n_tokens, n_tokens) if n_tokens else (1.0, math.inf)
