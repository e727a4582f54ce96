"""Who has a state of its own in a training that is interrupted and continued.

Asked for here and nowhere else. A component or a reader of a user's may have one, too.
"""

from typing import Any, Dict, Protocol, runtime_checkable

from spacy.language import Language


@runtime_checkable
class ResumableComponent(Protocol):
    """A component whose next step depends on more than what is saved with the pipeline."""

    def get_training_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): All that its next step needs, for msgpack."""

    def set_training_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state that `get_training_state` gave.

        state (Dict[str, Any]): The state.
        """


@runtime_checkable
class ResumableReader(Protocol):
    """A reader of corpora that gives other examples as training goes on."""

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What was read until now, for msgpack."""

    def replay(self, state: Dict[str, Any]) -> None:
        """Prepare to give once more what was given until a state.

        state (Dict[str, Any]): What `get_state` gave.
        """

    def set_state(self, state: Dict[str, Any]) -> None:
        """Go on from a state, once all was read again.

        state (Dict[str, Any]): What `get_state` gave.
        """


def get_component_states(nlp: Language) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): By component; without those that have none."""
    return {name: pipe.get_training_state() for name, pipe in _resumable(nlp).items()}


def set_component_states(nlp: Language, states: Dict[str, Any]) -> None:
    """Set what `get_component_states` gave.

    nlp (Language): The pipeline.
    states (Dict[str, Any]): The states.
    RAISES (ValueError): If they are of other components.
    """
    pipes = _resumable(nlp)
    for name in pipes:
        if name not in states:
            raise ValueError(f"its 'components' have no '{name}'")
    for name, state in states.items():
        if name not in pipes:
            raise ValueError(f"its 'components' have '{name}', which the pipeline does not have")
        pipes[name].set_training_state(state)


def _resumable(nlp: Language) -> Dict[str, ResumableComponent]:
    # What spaCy declares a component to be is no more than a function.
    pipes: Dict[str, Any] = dict(nlp.components)
    return {name: pipe for name, pipe in pipes.items() if isinstance(pipe, ResumableComponent)}
