"""The whole pipeline against torchjd."""

from typing import Any, Callable, Dict, List

import numpy
import pytest
import torch
from encoder_gradients import clear_gradient, encoder_gradient, encoder_values
from linear_network import TorchNetwork, make_linear_nlp
from methods import BY_LOSSES, TORCHJD, block, make
from tiny_corpus import make_examples
from torchjd import aggregation, autojac

LEVELS = ["representation", "parameters"]


class Ours(aggregation.Aggregator):
    """A method that torchjd has not, on rows that torchjd has made. The golden table has its
    values by hand; here it is what the pipeline gives it that counts."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.weighting = make(name, "parameters", normalize=False)
        #: Those of the step.
        self.losses: List[float] = []

    def forward(self, matrix: Any) -> Any:
        losses = {f"t{i}": loss for i, loss in enumerate(self.losses)}
        return torch.from_numpy(self.weighting(losses, matrix.numpy()).gradient)


METHODS: Dict[str, Callable[[int], Any]] = {
    **TORCHJD,
    "Constant": lambda n: aggregation.Sum(),
    # What torchjd has of that name works for one number of tasks.
    "NashMTL": lambda n: aggregation.FairGrad(1.0),
    "GradNorm": lambda n: Ours("GradNorm"),
    "DBMTL": lambda n: Ours("DBMTL"),
    "CAGrad": lambda n: aggregation.CAGrad(0.5, 1e-8),
    "AlignedMTL": lambda n: aggregation.AlignedMTL(torch.ones(n).double()),
    "UPGrad": lambda n: aggregation.UPGrad(torch.ones(n).double()),
    "DualProj": lambda n: aggregation.DualProj(torch.ones(n).double()),
}


@pytest.mark.filterwarnings("ignore:The heads .* both set")
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("n_tasks", [1, 2, 3, 8])
@pytest.mark.parametrize("name", METHODS)
def test_equals_torchjd_through_the_pipeline(name: str, n_tasks: int, level: str) -> None:
    """The encoder's gradient, over five steps of gradient descent.

    Departures: one task gives its own gradient; preferences of 1 for those with a preference
    vector; CAGrad gives up at 1e-8 instead of 1e-4; `normalize` is off.
    """
    if name in ("ExcessMTL", "DBMTL") and level == "representation":
        return
    settings: Dict[str, Any] = {"every": 1} if name == "DWA" else {}
    if name != "Constant":
        settings["normalize"] = False
    weighting = block(name, **settings)
    if n_tasks == 1 and name != "Constant":
        with pytest.warns(UserWarning, match="needs two or more"):
            nlp = make_linear_nlp(n_tasks, level, weighting)
    else:
        nlp = make_linear_nlp(n_tasks, level, weighting)
    network = TorchNetwork(nlp, n_tasks)
    method = METHODS[name](n_tasks)
    learns = name in ("Uncertainty", "IMTLL")
    optimizer = torch.optim.Adam(method.parameters(), lr=0.025) if learns else None
    batches = [make_examples(nlp)[:2], make_examples(nlp)[1:], make_examples(nlp)]
    labels = nlp.get_pipe("t0").labels
    for step in range(5):
        examples = batches[step % 3]
        clear_gradient(nlp)
        torch.manual_seed(step)
        nlp.update(examples, sgd=False)
        found = encoder_gradient(nlp)

        words = [token for eg in examples for token in eg.reference]
        ids = torch.tensor([token.orth % 97 for token in words])
        gold = torch.tensor([labels.index(token.tag_) for token in words])
        for parameter in network.encoder.parameters():
            parameter.grad = None
        features = network.features(ids)
        losses = network.losses(features, [gold] * n_tasks)
        if isinstance(method, Ours):
            method.losses = [loss.item() for loss in losses]
        torch.manual_seed(step)
        if n_tasks == 1 and name not in BY_LOSSES:
            losses[0].backward()
        elif name in BY_LOSSES:
            values = torch.stack(losses)
            if name == "FAMO" and step:
                method.update(values.detach())
            method(values).backward()
            if optimizer is not None:
                optimizer.step()
                optimizer.zero_grad()
            if name == "DWA":
                method.step()
        elif level == "representation":
            # jac_to_grad wants leaves.
            leaf = features.detach().requires_grad_()
            of_leaf = network.losses(leaf, [gold] * n_tasks)
            autojac.backward(of_leaf, inputs=[leaf])
            autojac.jac_to_grad([leaf], method)
            features.backward(leaf.grad)
        else:
            shared = list(network.encoder.parameters())
            autojac.backward(losses, inputs=shared)
            autojac.jac_to_grad(shared, method)
        expected = network.gradient()
        error = numpy.linalg.norm(found - expected) / numpy.linalg.norm(expected)
        is_solved = make(name).solvers if name != "Constant" else ()
        assert error < (1e-3 if is_solved or name == "NashMTL" else 1e-5), step

        # Both go a step down, along the same gradient.
        nlp.get_pipe("mtl").model.finish_update(lambda key, w, d: (w - 0.1 * d, d * 0))
        with torch.no_grad():
            for parameter in network.encoder.parameters():
                parameter -= 0.1 * parameter.grad
        assert numpy.isfinite(encoder_values(nlp)).all()
