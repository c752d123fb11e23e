"""Which role may do what: one table, and whatever is not in it is not allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from curation.errors import Forbidden, InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Mapping

SYNC: Final = "sync"
VIEWER: Final = "viewer"
TOKEN_ROLES: Final = (SYNC, VIEWER)
"""Roles that a token can have; people's own are not among them."""

SYNC_RUN: Final = "sync.run"
SYNC_READ: Final = "sync.read"
PREDICTIONS_IMPORT: Final = "predictions.import"

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    SYNC_RUN: frozenset({SYNC}),
    SYNC_READ: frozenset({SYNC, VIEWER}),
    PREDICTIONS_IMPORT: frozenset({SYNC}),
}
"""Action -> roles that may take it."""


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """Who showed a valid token."""

    id: int
    name: str
    role: str
    project_id: int

    @property
    def author(self) -> str:
        """How the holder is named where a person's name would stand."""
        return f"{self.role} token {self.name}"


def may(role: str, action: str) -> bool:
    """Tell whether a role may take an action; an unknown role or action never may.

    >>> may("sync", "sync.run"), may("viewer", "sync.run"), may("sync", "project.delete")
    (True, False, False)
    """
    return role in ALLOWED.get(action, frozenset())


def require(holder: TokenHolder, action: str, project_id: int) -> None:
    """Refuse an action that a holder's role and project do not allow.

    Raises:
        Forbidden: If the role may not take it, or the project is another one.
    """
    if holder.project_id != project_id:
        raise Forbidden(f"the {holder.author} is for another project")
    if not may(holder.role, action):
        raise Forbidden(f"the {holder.author} is not for {action}")


def check_token_role(role: str) -> None:
    """Refuse a role that no token can have.

    Raises:
        InvalidSetting: If it is none of `TOKEN_ROLES`.
    """
    if role not in TOKEN_ROLES:
        raise InvalidSetting("role", role, allowed=" or ".join(TOKEN_ROLES))
