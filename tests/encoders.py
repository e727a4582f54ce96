"""The old name of helpers: to go as soon as nothing imports it."""

from random_encoders import (  # noqa: F401
    KINDS,
    OF_KIND,
    PLAIN,
    SIZES,
    cut,
    edit,
    other_weights,
    pad_and_cut,
    remove_padding,
    remove_tokenizer,
    save,
    save_byte_level,
    save_gpt2,
    set_limit,
    set_nan,
    spoil,
)
