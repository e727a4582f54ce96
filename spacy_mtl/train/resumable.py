"""Components and readers with their own state when training is interrupted and resumed.

This is the only place that checks for them. Custom components and readers may have one, too.
"""

from typing import Any, Dict, Protocol, runtime_checkable

from spacy.language import Language


@runtime_checkable
class ResumableComponent(Protocol):
    """A component whose next step depends on more than its saved pipeline."""

    def get_training_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): The state that its next step needs, for msgpack."""

    def set_training_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state returned by `get_training_state`.

        state (Dict[str, Any]): The state.
        """


@runtime_checkable
class ResumableReader(Protocol):
    """A reader whose examples change during training."""

    def get_state(self) -> Dict[str, Any]:
        """RETURNS (Dict[str, Any]): What has been read so far, for msgpack."""

    def replay(self, state: Dict[str, Any]) -> None:
        """Prepare to repeat the examples that led to a state.

        state (Dict[str, Any]): A state from `get_state`.
        """

    def set_state(self, state: Dict[str, Any]) -> None:
        """Continue from a state, after its examples have been repeated.

        state (Dict[str, Any]): A state from `get_state`.
        """


def get_component_states(nlp: Language) -> Dict[str, Any]:
    """RETURNS (Dict[str, Any]): The states by name of the component, if it has one."""
    return {name: pipe.get_training_state() for name, pipe in _resumable(nlp).items()}


def set_component_states(nlp: Language, states: Dict[str, Any]) -> None:
    """Restore the states from `get_component_states`.

    nlp (Language): The pipeline.
    states (Dict[str, Any]): The states.
    RAISES (ValueError): If they belong to other components.
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
    # spaCy's types only declare components as functions.
    pipes: Dict[str, Any] = dict(nlp.components)
    return {name: pipe for name, pipe in pipes.items() if isinstance(pipe, ResumableComponent)}
