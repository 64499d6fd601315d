"""Sources of weights: a path, a Hub repository at a revision, an official file, the starter.

One :class:`WeightStore` serves all roles. Weights on disk are used without a network request;
others are downloaded in the background, checked, and only then used. Where a full model is not
available the starter is used, and the note of :class:`Weights` says why.
"""

from bgswap.models.roles import STARTER, Role, RoleStatus, Weights
from bgswap.models.store import WeightStore

__all__ = ["STARTER", "Role", "RoleStatus", "WeightStore", "Weights"]
