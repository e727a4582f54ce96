"""The old name of helpers: to go as soon as nothing imports it."""

from installed_requirements import (  # noqa: F401
    closure,
    requirements,
)
