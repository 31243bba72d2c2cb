"""EASE: the baseline that learns from all at once (Steck 2019, "Embarrassingly Shallow Autoencoders
for Sparse Data"), in its closed form.

With X the people × items matrix of what was chosen, G = XᵀX + λI and P = G⁻¹, the weight of an
item i for an item j is −Pᵢⱼ / Pⱼⱼ, and 0 for itself. It has to be made anew as a whole.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from loadtest.feed.dataset import CHOICES
from server.features.feed.covisits import Interaction


class Ease:
    """Hears choices and learns them with each `refit`; a person's row is always the newest.

    With `own` it adds 1 for a host where the person was before: EASE as such cannot say that
    somebody comes back, as the weight of an item for itself is 0.
    """

    def __init__(self, regularization: float, *, own: float = 0.0) -> None:
        self.name = "EASE + repeat" if own else "EASE"
        self._lambda = regularization
        self._own = own
        self._places: dict[str, int] = {}
        self._rows: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._weights: npt.NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._fitted: dict[str, int] = {}

    def hear(self, act: Interaction) -> None:
        """See `Ranker`."""
        if act.kind in CHOICES:
            self._rows[act.person][self._places.setdefault(act.item, len(self._places))] = None

    def refit(self) -> None:
        """Learn from all that was heard."""
        items = len(self._places)
        gram = np.zeros((items, items))
        for row in self._rows.values():
            chosen = np.fromiter(row, np.int64, len(row))
            gram[np.ix_(chosen, chosen)] += 1.0
        gram[np.diag_indices(items)] += self._lambda
        inverse = np.linalg.inv(gram)
        weights = inverse / -np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        self._weights = weights.astype(np.float32)
        self._fitted = dict(self._places)

    def scores(self, person: str, items: Sequence[str], now: int) -> Sequence[float]:
        """See `Ranker`. Items that were not there at the last refit score 0."""
        del now
        size = len(self._weights)
        row = self._rows.get(person, {})
        known = [place for place in row if place < size]
        places = [self._fitted.get(item, -1) for item in items]
        columns = [max(0, place) for place in places]
        sums = self._weights[np.ix_(known, columns)].sum(axis=0) if size else np.zeros(len(items))
        return [
            (float(each) if place >= 0 else 0.0) + (self._own if place in row else 0.0)
            for each, place in zip(sums, places, strict=True)
        ]
