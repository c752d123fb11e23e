"""The calls of Encord's SDK, all of them, and what its errors mean here.

Loaded only when a source of this kind is opened: the SDK is an extra and takes a second to import.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from encord import EncordUserClient
from encord.exceptions import (
    AnswerDictionaryError,
    AuthenticationError,
    AuthorisationError,
    CorruptedLabelError,
    EncordException,
    InvalidArgumentsError,
    LabelRowError,
    OntologyError,
    OperationNotAllowed,
    RateLimitExceededError,
    RequestException,
    ResourceNotFoundError,
    SshKeyNotFound,
)
from encord.http.querier import create_new_session
from encord.orm.project import ProjectType
from requests import RequestException as TransportError

from curation.errors import ToolRefused, Unavailable
from curation.formats.encord_labels import refused_record, unit_records
from curation.sync.tools.encord.row_states import iso_time, parse_time, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from encord.objects import LabelRowV2
    from encord.project import Project

    from curation.settings import Secret
    from curation.sync.annotation_tool import Faults, Window
    from curation.sync.tools.encord.row_states import RowState

REFUSALS: Final[dict[type[EncordException], int]] = {
    AuthenticationError: 401,
    SshKeyNotFound: 401,
    AuthorisationError: 403,
    OperationNotAllowed: 403,
    ResourceNotFoundError: 404,
    InvalidArgumentsError: 400,
}
"""Errors after which trying again would not help, and the HTTP status that each stands for."""

ROWS_A_CALL: Final = 100
UNREADABLE: Final = (
    AnswerDictionaryError,
    CorruptedLabelError,
    LabelRowError,
    OntologyError,
    KeyError,
    TypeError,
    ValueError,
)
"""What the SDK raises on labels that do not fit the project's ontology, or that it cannot parse."""
_TIMEOUTS: Final = (10, 60)
_SECOND: Final = timedelta(seconds=1)

UnitRecords = dict[str, dict[str, Any]]
"""Records of one label row by the data hash of its images."""


class EncordRows:
    """The label rows of one project.

    Args:
        source: The source's name, for messages.
        domain: Address of the service, checked already.
        faults: Where broken answers are counted.
        key: The private key.
        project_id: The project.

    Raises:
        ToolRefused: If the key is none, or the service refuses it or the project.
        Unavailable: If the service does not answer.
    """

    def __init__(
        self, source: str, domain: str, faults: Faults, *, key: Secret, project_id: str
    ) -> None:
        self.source = source
        self.domain = domain
        self.faults = faults
        self._project = self._open(key, project_id)
        self.stages = self._stages()

    def _open(self, key: Secret, project_id: str) -> Project:
        try:
            client = EncordUserClient.create_with_ssh_private_key(
                key.reveal(), domain=self.domain, user_agent_suffix="curation"
            )
        except (TypeError, ValueError, UnsupportedAlgorithm):
            # Without its cause: the SDK quotes the whole key in its message.
            raise ToolRefused(
                self.source, 401, "the secret is no Ed25519 private key without passphrase"
            ) from None
        with self._answering():
            return client.get_project(project_id)

    def _stages(self) -> dict[str, str]:
        if self._project.project_type != ProjectType.WORKFLOW:
            return {}
        return {str(one.uuid): one.stage_type.value for one in self._project.workflow.stages}

    @property
    def title(self) -> str:
        """The project's title."""
        return self._project.title

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the objects that annotators may draw."""
        return tuple(one.name for one in self._project.ontology_structure.objects)

    def server_time(self) -> str:
        """Return the service's time, from the `Date` of any answer: the SDK passes none on.

        Raises:
            Unavailable: If there is no answer or no time in it.
        """
        with (
            self._answering(),
            create_new_session(max_retries=3, backoff_factor=0.5, connect_retries=3) as session,
            session.get(
                self.domain, allow_redirects=False, timeout=_TIMEOUTS, stream=True
            ) as answer,
        ):
            date = answer.headers.get("Date", "")
        try:
            return iso_time(parsedate_to_datetime(date).replace(tzinfo=UTC))
        except ValueError:
            raise Unavailable(self.source, "its answer has no time") from None

    def edited(self, window: Window) -> list[RowState]:
        """Return the rows that were edited in a window.

        The service is asked for a second more on both sides, so that it does not matter whether
        its own bounds are inclusive.
        """
        low, high = parse_time(window.low), parse_time(window.high)
        rows = self._list(edited_after=low - _SECOND, edited_before=high + _SECOND)
        return [row for row in rows if window.low <= row.edited_at < window.high]

    def moved(self, window: Window) -> set[str]:
        """Return the data hashes of rows that went to another stage: that edits no label."""
        if not self.stages:
            return set()
        low, high = parse_time(window.low), parse_time(window.high)
        try:
            with self._answering():
                moves = list(self._project.get_task_actions(after=low, before=high))
        except ToolRefused:
            # Some keys may read labels and no actions: what moved is then found by reconciling.
            self.faults.add("task actions refused")
            return set()
        return {str(move.to_dict()["dataUnitUuid"]) for move in moves}

    def all(self) -> list[RowState]:
        """Return every row."""
        return self._list()

    def some(self, data_hashes: Sequence[str]) -> list[RowState]:
        """Return the rows of these data; those that are gone are left out."""
        if not data_hashes:  # the service would take an empty list for no filter
            return []
        return self._list(data_hashes=list(data_hashes))

    def with_labels(self, data_hashes: Sequence[str]) -> list[tuple[RowState, UnitRecords]]:
        """Return the rows of these data, in order, with the records of those that have work."""
        if not data_hashes:
            return []
        with self._answering():
            rows = self._list_rows(data_hashes=list(data_hashes))
            states = [state_of(row, self.stages) for row in rows]
            readable = [
                row
                for row, state in zip(rows, states, strict=True)
                if state.has_work() and not state.refusal
            ]
            records = self._read(readable)
        found = [(state, records.get(state.data_hash, {})) for state in states]
        return sorted(found, key=lambda pair: pair[0].data_hash)

    def _read(self, rows: Sequence[LabelRowV2]) -> dict[str, UnitRecords]:
        """Read labels, many rows a call; one that the SDK cannot parse does not stop the others."""
        faults: dict[str, str] = {}
        try:
            with self._project.create_bundle(bundle_size=ROWS_A_CALL) as bundle:
                for row in rows:
                    row.initialise_labels(bundle=bundle)
        except UNREADABLE:
            for row in rows:
                try:
                    row.initialise_labels(overwrite=True)
                except UNREADABLE as error:
                    faults[row.data_hash] = f"{type(error).__name__} {error}"[:200]
        return {row.data_hash: _records(row, faults.get(row.data_hash)) for row in rows}

    def _list(self, **filters: Any) -> list[RowState]:
        with self._answering():
            return [state_of(row, self.stages) for row in self._list_rows(**filters)]

    def _list_rows(self, **filters: Any) -> list[LabelRowV2]:
        rows = self._project.list_label_rows_v2(include_images_data=True, **filters)
        # Shadow rows are annotators' trials on data whose truth is known; they are no labels.
        return [row for row in rows if not row.is_shadow_data]

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn the SDK's errors into ours; the service's own words are not passed on."""
        try:
            yield
        except RateLimitExceededError as error:
            self.faults.add("429")
            raise Unavailable(self.source, "it asks for fewer requests") from error
        except (RequestException, TransportError) as error:
            self.faults.add("connection")
            raise Unavailable(self.source, "the connection broke") from error
        except EncordException as error:
            status = REFUSALS.get(type(error))
            if status is not None:
                raise ToolRefused(self.source, status) from error
            self.faults.add(type(error).__name__)
            raise Unavailable(self.source, type(error).__name__) from error


def _records(row: LabelRowV2, fault: str | None) -> UnitRecords:
    """Return the records of a row whose labels were read; none if the service sent no labels."""
    if fault is not None:
        refused = refused_record(f"Encord's SDK cannot read the labels: {fault}")
        return {unit.image_hash: refused for unit in row.get_frames_metadata()}
    return unit_records(row.to_encord_dict()) if row.is_labelling_initialised else {}
