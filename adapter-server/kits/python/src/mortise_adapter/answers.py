"""The table of remembered answers, which is the same in every SQL database."""

from __future__ import annotations

import time

from mortise_adapter.memory import MEMORY_SECONDS

FORGET = "DELETE FROM mortise_answers WHERE expires_at < "
INDEX = "CREATE INDEX IF NOT EXISTS mortise_answers_expiry ON mortise_answers (expires_at)"


def table(text: str, binary: str) -> str:
    """The table, with the types that a database has for texts compared by their bytes and
    for bytes."""
    return (
        "CREATE TABLE IF NOT EXISTS mortise_answers (org BIGINT NOT NULL, "
        f"request_id {text} NOT NULL, method VARCHAR(200) NOT NULL, answer {binary}, "
        "expires_at BIGINT NOT NULL, PRIMARY KEY (org, request_id))"
    )


def expires() -> int:
    """When an answer of now may be forgotten, in seconds since 1970."""
    return int(time.time()) + MEMORY_SECONDS
