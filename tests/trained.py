"""The old name of helpers: to go as soon as nothing imports it."""

from short_training import (  # noqa: F401
    assert_same,
    config_of,
    set_corpora,
    values,
)
