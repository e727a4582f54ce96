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
    "recommended_transformer",
    "setup_gpu",
    "show_validation_error",
]


def recommended_transformer(lang: str, optimize: str) -> str:
    """Look up the transformer that `spacy init config` uses for a language.

    lang (str): The language.
    optimize (str): "efficiency" or "accuracy".
    RETURNS (str): Its name on the model hub: a multilingual one if spaCy knows none.
    """
    # Imported here, as it reads a file.
    from spacy.cli.init_config import RECOMMENDATIONS

    # For some languages it only knows word vectors.
    found = RECOMMENDATIONS.get(lang, {}).get("transformer")
    found = found or RECOMMENDATIONS["__default__"]["transformer"]
    return str(found[optimize]["name"])
