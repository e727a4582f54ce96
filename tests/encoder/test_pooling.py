"""From the vectors of wordpieces to those of tokens."""

import torch

from spacy_mtl.encoder.pooling import empty_vectors, mean_of_pieces


def test_mean_of_pieces() -> None:
    hidden = torch.arange(10.0).reshape(5, 2)
    places, offsets = torch.tensor([4, 0, 1, 2]), torch.tensor([0, 1, 1])
    found = mean_of_pieces(hidden, places, offsets)
    assert found.tolist() == [[8.0, 9.0], [0.0, 0.0], [2.0, 3.0]]


def test_empty_vectors() -> None:
    for device in map(torch.device, ("cpu", "meta")):
        found = empty_vectors((3, 4), device)
        assert (found.shape, found.dtype) == ((3, 4), torch.float32)
        assert found.device == device
