"""Give a joint component the encoder of another, under another sharing scheme."""

from .component import MultiTask


def take_encoder(joint: MultiTask, other: MultiTask) -> None:
    """Copy the encoder of a trained joint component, without its scheme.

    joint (MultiTask): A component with an encoder of the same kind. If its scheme has a network, it
        is built anew for the tasks that it knows.
    other (MultiTask): The trained one. Not changed.
    """
    encoder = other.model.get_ref("tok2vec")
    joint.model.get_ref("tok2vec").from_bytes(encoder.to_bytes())
    width = other.model.get_dim("nO")
    joint.model.set_dim("nO", width)
    sharing = joint.model.get_ref("sharing")
    if "nI" in sharing.dim_names:
        sharing.set_dim("nI", width)
        sharing.initialize()
    # Tells the listeners the width of the encoder.
    joint.from_bytes(joint.to_bytes(exclude=["weighting"]))
