"""Every action, role, and own or foreign project: what is not in the table is refused."""

from __future__ import annotations

import pytest

from curation.access.roles import (
    ALLOWED,
    TOKEN_ROLES,
    TokenHolder,
    check_token_role,
    may,
    require,
)
from curation.errors import Forbidden, InvalidSetting

OWN, FOREIGN = 1, 2
ROLES = (*TOKEN_ROLES, "admin", "analyst", "", "SYNC")
ACTIONS = (*ALLOWED, "project.delete", "")
MAY = {
    ("sync", "sync.run"),
    ("sync", "sync.read"),
    ("sync", "predictions.import"),
    ("viewer", "sync.read"),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("project_id", [OWN, FOREIGN])
def test_require__every_action_role_and_project(action: str, role: str, project_id: int) -> None:
    holder = TokenHolder(id=7, name="nightly", role=role, project_id=OWN)
    assert may(role, action) == ((role, action) in MAY)
    if project_id == OWN and (role, action) in MAY:
        require(holder, action, project_id)
        return
    with pytest.raises(Forbidden, match="nightly"):
        require(holder, action, project_id)


def test_require__says_what_is_not_allowed() -> None:
    holder = TokenHolder(id=7, name="nightly", role="viewer", project_id=OWN)
    assert holder.author == "viewer token nightly"
    with pytest.raises(Forbidden) as refused:
        require(holder, "sync.run", OWN)
    assert refused.value.what == "Not allowed: the viewer token nightly is not for sync.run."
    with pytest.raises(Forbidden, match="is for another project"):
        require(holder, "sync.read", FOREIGN)


def test_table__covers_exactly_what_is_written_here() -> None:
    assert {(role, action) for action, roles in ALLOWED.items() for role in roles} == MAY


@pytest.mark.parametrize("role", ["admin", "analyst", "", "Sync"])
def test_token_role__of_people_is_refused(role: str) -> None:
    with pytest.raises(InvalidSetting, match="sync or viewer"):
        check_token_role(role)
