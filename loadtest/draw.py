"""Times drawn from a distribution, as people's pauses are."""

import math
import random
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Draw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`constant` gives `median`; `uniform` `low` to `high`; `exponential` and `lognormal` have
    that median, the latter with `sigma`, and never go below `low` or, if set, above `high`."""

    kind: Literal["constant", "uniform", "exponential", "lognormal"]
    median: Annotated[float, Meta(gt=0)] = 1.0
    sigma: Annotated[float, Meta(ge=0)] = 0.5
    low: Annotated[float, Meta(ge=0)] = 0.0
    high: Annotated[float, Meta(ge=0)] = 0.0

    def draw(self, rng: random.Random) -> float:
        """One value, in seconds."""
        match self.kind:
            case "constant":
                return self.median
            case "uniform":
                return rng.uniform(self.low, self.high)
            case "exponential":
                value = rng.expovariate(math.log(2) / self.median)
            case "lognormal":
                value = self.median * math.exp(rng.gauss(0, self.sigma))
        return min(max(value, self.low), self.high or value)
