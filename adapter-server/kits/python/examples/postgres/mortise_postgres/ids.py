"""Ids of the contract as PostgreSQL keeps them: the digits as a UUID."""

from uuid import UUID, uuid4


def uuid_of(identifier: str) -> UUID:
    """The digits of an id that the kit has checked."""
    return UUID(identifier.rpartition("_")[2])


def id_of(prefix: str, number: UUID) -> str:
    return f"{prefix}_{number.hex}"


def new() -> UUID:
    return uuid4()
