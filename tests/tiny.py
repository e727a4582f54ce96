"""The old name of helpers: to go as soon as nothing imports it."""

from encoder_gradients import (  # noqa: F401
    assert_close,
    clear_gradient,
    descend,
    encoder_gradient,
    encoder_parameters,
    encoder_values,
)
from tiny_corpus import (  # noqa: F401
    TEXTS,
    make_docs,
    make_examples,
    strip,
)
from tiny_pipelines import (  # noqa: F401
    CNN,
    HEADS,
    add_joint,
    constant,
    inner,
    sourced,
)
