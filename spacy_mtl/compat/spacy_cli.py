"""Private parts of spaCy's command line.

Reaches for the module `spacy.cli._util`: the app that `python -m spacy` runs, and how its commands
declare arguments, read configs with overrides, choose a GPU and print what is wrong with a
config. Commands of ours are to look and behave like spaCy's, which offers none of this publicly.
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
