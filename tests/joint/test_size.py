"""The number of parameters of a sharing scheme."""

from fixed_structure import make_sharing
from tiny_pipelines import CNN

from spacy_mtl.joint.size import SchemeSize, size_of


def test_shared_and_private_parameters() -> None:
    width = CNN["width"]
    size = size_of(make_sharing().get_pipe("mtl"))
    own = dict.fromkeys(["tagger", "ner", "textcat"], width**2)
    assert size == SchemeSize(shared=width**2 + width, private=own)
    assert size.total == 4 * width**2 + width


def test_hard_sharing_has_none() -> None:
    size = size_of(make_sharing("spacy_mtl.HardSharing.v1").get_pipe("mtl"))
    assert (size.shared, size.private, size.total) == (0, {}, 0)


def test_encoder_does_not_count() -> None:
    size = size_of(make_sharing("spacy_mtl.TaskAttention.v1", width=4).get_pipe("mtl"))
    width = CNN["width"]
    assert size.shared == 0
    assert set(size.private.values()) == {width * 4 + 4 + 4 * width + width}


def test_the_discriminator_is_counted_on_its_own() -> None:
    mtl = make_sharing("spacy_mtl.SharedPrivate.v1", width=4).get_pipe("mtl")
    size = size_of(mtl)
    network = mtl.model.get_ref("sharing").shims[0].network
    assert size.of_losses == sum(p.numel() for p in network.auxiliary()) > 0
    assert size.total == sum(p.numel() for p in network.parameters())
