"""Where a model comes from: a path, a Hub repository at a revision, an official file, the starter.

One :class:`WeightStore` answers for every role. What is on disk is used as it is, without asking
the network; what is not is fetched in the background, checked, and only then used. Where a full
model cannot be had the starter stands in, and the note of :class:`Weights` says why.
"""

from bgswap.models.roles import STARTER, Role, RoleStatus, Weights
from bgswap.models.store import WeightStore

__all__ = ["STARTER", "Role", "RoleStatus", "WeightStore", "Weights"]
