"""Private parts of spaCy's command line.

Uses the module `spacy.cli._util`: the app that `python -m spacy` runs, and the functions with
which its commands declare arguments, read configs with overrides, choose a GPU and print config
errors. Our commands should look and behave like spaCy's, which doesn't make any of this public.
"""

from spacy.cli._util import (
    Arg,
    Opt,
    app,
    import_code,
    parse_config_overrides,
    setup_gpu,
    show_validation_error,
)

__all__ = [
    "Arg",
    "Opt",
    "app",
    "import_code",
    "parse_config_overrides",
    "setup_gpu",
    "show_validation_error",
]
