"""New labels in a head, before it is initialized and after it is trained."""

from typing import Any, Dict, List

from spacy.vocab import Vocab
from thinc.api import Model

from ..compat.thinc import renew_ids, resize, take_gradient
from .growth import Growth, grown_rows, grown_transitions
from .student import Student


class GrowingHead(Student):
    """A head whose output layer grows with its labels."""

    #: Whether a label's probability doesn't depend on the scores of the others.
    has_independent_labels = False
    #: Whether 'nO' in the config says how many classes there are.
    has_fixed_size = False

    vocab: Vocab

    @property
    def temperature(self) -> float:
        """RETURNS (float): The divisor of the scores."""
        return 1.0

    def add_label(self, label: str) -> int:
        """Add a label, also to a head that is trained.

        The output layer of a trained head grows, and so do the transitions of a CRF. What there
        was stays as it is, to the last bit. The new classes score what the corresponding classes
        of the old labels score on average, less log 100. So, whatever the text, the best of them
        stays ahead: neither tags, categories nor entities change, and a new tag or category is at
        most a hundredth as probable as the best (without a temperature). Probabilities fall a
        little: an entity just above a `threshold` may be lost. A new label of independent ones has
        a probability of 0.01 in every text. Training goes on from there.

        A calibration stays, and so do thresholds, which a new label doesn't have unless they are
        for all labels. An optimizer begins anew with the arrays that have grown: their moments and
        averages are gone. Gradients that it hasn't used yet are kept.

        label (str): The label.
        RETURNS (int): 0 if the label is already there, otherwise 1.
        RAISES (ValueError): If it can't be a label of this head, or its model can't grow.
        SOURCE: Hewitt 2021, "Initializing New Word Embeddings for Pretrained Language Models" (the
            mean); Lin et al. 2017, section 4.1 (0.01), arXiv:1708.02002. Differs: the mean is over
            corresponding classes, and lowered, so that the best class is proven to stay.
        """
        self.check_new_label(label)
        if label in self.labels:
            return 0
        if self.has_size:
            self._grow(label)
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        return 1

    @property
    def has_size(self) -> bool:
        """RETURNS (bool): Whether the number of classes is fixed, or was by initialization."""
        return self.model.get_ref("output_layer").has_dim("nO") is True

    @property
    def is_trained(self) -> bool:
        """RETURNS (bool): Whether it was initialized or loaded, so that it has values."""
        output = self.model.get_ref("output_layer")
        return bool(self.labels) and all(map(output.has_param, output.param_names))

    def check_new_label(self, label: str) -> None:
        """Reject what can't be a label of this head, or a label for which it can't grow.

        label (str): The label. It may be there already.
        RAISES (ValueError): If it can't be added.
        """
        if not isinstance(label, str) or not label:
            raise ValueError(
                f"A label of the component '{self.name}' is {label!r}. Labels must be non-empty "
                "strings."
            )
        if label not in self.labels and self.has_size:
            self._check_can_grow(label)

    def _grow(self, label: str) -> None:
        labels = list(self.labels)
        growth = Growth.of(self.classes_of, labels, label, apart=self.has_independent_labels)
        output = self.model.get_ref("output_layer")
        nodes = [output]
        grown = {
            name: grown_rows(output.get_param(name), growth, name, self.temperature)
            for name in _arrays(output)
        }
        arrays = [grown]
        if self.model.has_ref("transitions"):
            nodes.append(self.model.get_ref("transitions"))
            arrays.append({"T": grown_transitions(nodes[-1].get_param("T"), growth)})
        for node, values in zip(nodes, arrays):
            _replace(node, values, growth)
        for node in self.model.walk():
            # Layers around these have their number of classes, too.
            is_around = any(each is not node and each in node.walk() for each in nodes)
            if is_around and node.maybe_get_dim("nO") == growth.n_before:
                resize(node, {"nO": growth.n_after})

    def _check_can_grow(self, label: str) -> None:
        output = self.model.get_ref("output_layer")
        n_classes = output.get_dim("nO")
        what = f"Can't add the label '{label}' to the component '{self.name}': "
        how = (
            f"List all labels in [initialize.components.{self.name}.labels], or add them before "
            f"'initialize', and remove 'nO' from [components.{self.name}.model]."
        )
        if not self.is_trained:
            raise ValueError(
                f"{what}its model already has a fixed size ({n_classes} classes), but isn't "
                f"trained. {how}"
            )
        if self.has_fixed_size:
            raise ValueError(
                f"{what}'nO' in [components.{self.name}.model] fixes its size ({n_classes} "
                "classes). Remove 'nO' there, in the config.cfg of the trained pipeline, and load "
                "it again: a saved model knows its size."
            )
        shapes = {name: output.get_param(name).shape for name in _arrays(output)}
        wrong = [name for name, shape in shapes.items() if shape[0] != n_classes]
        if wrong or not shapes or output.shims:
            found = f"the array '{wrong[0]}' has the shape {shapes[wrong[0]]}" if wrong else ""
            raise ValueError(
                f"{what}in the reference \"output_layer\" of its model, '{output.name}', each "
                f"array must have a row for each of the {n_classes} classes, but "
                f"{found or 'it has no arrays of its own'}. {how} Then train it again."
            )


def _arrays(node: Model) -> List[str]:
    return [name for name in node.param_names if node.has_param(name)]


def _replace(node: Model, arrays: Dict[str, Any], growth: Growth) -> None:
    gradients = {name: node.get_grad(name) for name in arrays if node.has_grad(name)}
    for name in gradients:
        take_gradient(node, name)
    resize(node, {"nO": growth.n_after})
    # Under new keys, an optimizer doesn't use what it has for arrays of the old size.
    renew_ids(node)
    for name, value in arrays.items():
        node.set_param(name, value)
        if name in gradients:
            pad = growth.padded_transitions if name == "T" else growth.padded
            node.set_grad(name, pad(gradients[name]))
