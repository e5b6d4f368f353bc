"""Serves stores as an adapter of Mortise: an author implements a store, the kit does the rest."""

from . import fail
from .adapter import Adapter
from .change import Change, Memory, ProcessMemory
from .failure import Failure
from .types import NoSecrets, Org, Session, calling

__all__ = [
    "Adapter",
    "Change",
    "Failure",
    "Memory",
    "NoSecrets",
    "Org",
    "ProcessMemory",
    "Session",
    "calling",
    "fail",
]
