"""The sharing scheme of a pipeline, and what it has learned, at a glance."""

from dataclasses import dataclass
from typing import Dict, List

from spacy.language import Language

from ..joint.find import find_joint
from ..joint.size import SchemeSize, size_of
from ..types import StructureTable


@dataclass(frozen=True)
class SchemeReport:
    """A sharing scheme.

    component (str): The name of the joint component.
    scheme (str): The registered name of the scheme.
    tasks (Dict[str, bool]): Its tasks, and whether their heads are in the pipeline.
    size (SchemeSize): The number of its parameters.
    has_own_views (bool): Whether what tasks see differs from the shared representation.
    tables (List[StructureTable]): What it has learned.
    """

    component: str
    scheme: str
    tasks: Dict[str, bool]
    size: SchemeSize
    has_own_views: bool
    tables: List[StructureTable]

    @property
    def why_no_tables(self) -> str:
        """RETURNS (str): A sentence that says why there are no tables."""
        if not self.has_own_views:
            return "Every task sees the shared representation itself."
        return "Every task has a view of its own. This scheme has no tables to show beyond that."


def scheme_report(nlp: Language) -> SchemeReport:
    """Find the sharing scheme of a pipeline, and read what it has learned.

    nlp (Language): The initialized pipeline.
    RETURNS (SchemeReport): The scheme.
    RAISES (ValueError): If the pipeline has no joint component, or it isn't initialized.
    """
    found = find_joint(nlp)
    if found is None:
        raise ValueError(
            "The pipeline has no joint component (factory 'mtl'), so its tasks share nothing that "
            f"could be shown. Its components are {', '.join(nlp.component_names) or 'none'}."
        )
    name, joint = found
    # Otherwise, heads that are disabled would be missing.
    joint.bind(nlp)
    block = nlp.get_pipe_config(name).get("model", {})
    return SchemeReport(
        component=name,
        scheme=block.get("@architectures", joint.model.name),
        tasks={task: task in joint.tasks for task in joint.scheme.tasks or joint.tasks},
        size=size_of(joint),
        has_own_views=joint.scheme.has_own_views,
        tables=joint.structure(),
    )
