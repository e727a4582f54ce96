"""Self-contained HTML pages, from the templates in this folder."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ...evaluation.text import interval_text, percent

#: What a browser must not do, whatever text of a corpus or config is on the page.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def render(template: str, **values: Any) -> str:
    """Fill in a template. All text is escaped, unless it is `markupsafe.Markup`.

    template (str): The name of its file, such as "training.html".
    values (Any): The values it uses.
    RETURNS (str): The page. Without scripts, nor anything from elsewhere.
    """
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, interval=interval_text)
    return environment.get_template(template).render(policy=_POLICY, **values) + "\n"
