"""The two rows of controls above Model Evaluation, and the request they make.

Every control is bound to the address, where fixed defaults are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.errors import NotFound
from curation.evaluations.request import (
    DEFAULT_IOU,
    DEFAULT_SCORE,
    IOU_CHOICES,
    EvaluationRequest,
    IouType,
)
from curation.projects.catalog import project_home
from ui.connection import database
from ui.markdown import plain
from ui.url_choice import choose, settle, settled, unknown_in_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from curation.predictions.catalog import PredictionSetRow

SET: Final = "set"
AGAINST: Final = "against"
SPLIT: Final = "split"
CLASSES: Final = "classes"
ENTRY: Final = "entry"
NO_COMPARISON: Final = "(none)"
ALL_IMAGES: Final = "all images"
OVERLAPS: Final[dict[str, IouType]] = {"boxes": "bbox", "masks": "segm"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a project offers to choose from; it changes only with the label revision."""

    splits: tuple[str, ...]
    classes: tuple[str, ...]


@st.cache_data(max_entries=64, show_spinner=False)
def read_scope(store: str, project_id: int, revision: int) -> Scope:
    """Return the splits and classes of a project; the arguments are the cache's key."""
    del store, revision
    home = project_home(database(), project_id)
    splits = tuple(row.split for row in home.splits if row.split)
    return Scope(splits, tuple(row.name for row in home.classes))


def default_against(chosen: str, rows: Sequence[PredictionSetRow], baseline_id: int | None) -> str:
    """Return what a set is compared against at first: the baseline, its parent, the one before.

    Args:
        chosen: Name of the prediction set.
        rows: The project's sets, newest first.
        baseline_id: The project's baseline.
    """
    names = [row.name for row in rows]
    place = names.index(chosen)
    baseline = next((row.name for row in rows if row.id == baseline_id), None)
    before = names[place + 1] if place + 1 < len(names) else None
    candidates = (name for name in (baseline, rows[place].parent, before) if name is not None)
    return next((name for name in candidates if name in names and name != chosen), NO_COMPARISON)


def choose_sets(rows: Sequence[PredictionSetRow], baseline_id: int | None) -> tuple[str, str]:
    """Draw the two choices of prediction sets with the swap button; return both names.

    Raises:
        NotFound: If the address names a set that does not exist.
    """
    names = [row.name for row in rows]
    chosen = settled(SET, names[0], names)
    others = [NO_COMPARISON, *(name for name in names if name != chosen)]
    before = default_against(chosen, rows, baseline_id) if chosen else NO_COMPARISON
    against = settled(AGAINST, before, others, known=[NO_COMPARISON, *names])
    settle({SET: chosen, AGAINST: against})

    def swap() -> None:
        st.query_params.update({SET: str(against), AGAINST: str(chosen)})

    left, middle, right = st.columns([10, 1, 10], vertical_alignment="bottom", gap="xsmall")
    with left:
        choose("Prediction set", names, key=SET)
    with middle:
        st.button(
            "",
            icon=":material/swap_horiz:",
            key="swap",
            help="Swap the two sets",
            on_click=swap,
            disabled=chosen is None or against in (None, NO_COMPARISON),
            width="stretch",
        )
    with right:
        choose("Compare against", others, key=AGAINST)
    if chosen is None or against is None:
        missing = SET if chosen is None else AGAINST
        raise NotFound("prediction set", st.query_params.get(missing), known=tuple(names))
    return chosen, against


def choose_scope(
    splits: Sequence[str], classes: Sequence[str]
) -> tuple[str | None, tuple[str, ...]]:
    """Draw the choice of split and classes; return them, None and empty for all."""
    unknown = unknown_in_address(SPLIT, [ALL_IMAGES, *splits])
    unknown += unknown_in_address(CLASSES, classes)
    split_side, class_side = st.columns([2, 3], gap="small")
    with split_side:
        split = st.selectbox("Split", [ALL_IMAGES, *splits], key=SPLIT, bind="query-params")
    with class_side:
        chosen = st.multiselect(
            "Classes",
            classes,
            key=CLASSES,
            bind="query-params",
            placeholder="all classes",
            wrap=False,
        )
    if unknown:
        names = ", ".join(f"*{plain(name)}*" for name in unknown)
        st.warning(
            f"The address asks for {names}, which these sets do not have: it is left out.",
            icon=":material/warning:",
        )
    return (None if split == ALL_IMAGES else split), tuple(chosen)


def choose_operating_point(overlaps: Sequence[str]) -> tuple[float, float, IouType]:
    """Draw the thresholds and, where there are masks, the kind of overlap; return them."""
    score_side, iou_side, kind_side = st.columns([3, 3, 2], gap="medium")
    with score_side:
        score = st.slider(
            "Score ≥",
            0.0,
            1.0,
            DEFAULT_SCORE,
            0.01,
            key="score",
            bind="query-params",
            help="Predictions with a lower score do not count for precision, recall, F1, TP, FP "
            "and FN. AP and AR use all scores.",
        )
    with iou_side:
        iou = st.select_slider(
            "IoU ≥",
            [f"{choice:.2f}" for choice in IOU_CHOICES],
            f"{DEFAULT_IOU:.2f}",
            key="iou",
            bind="query-params",
            help="How much a prediction must overlap a label to count as found.",
        )
    with kind_side:
        kind = "boxes"
        if len(overlaps) > 1:
            kind = (
                st.segmented_control(
                    "Overlap of",
                    list(overlaps),
                    default="boxes",
                    required=True,
                    key="overlap",
                    bind="query-params",
                )
                or "boxes"
            )
    return float(score), float(iou), OVERLAPS[kind]


def shared_overlaps(chosen: PredictionSetRow, against: PredictionSetRow | None) -> list[str]:
    """Return the kinds of overlap that both sets can be evaluated by."""
    kinds = set(chosen.iou_types) & set(against.iou_types if against else chosen.iou_types)
    return [name for name, iou_type in OVERLAPS.items() if iou_type in kinds]


def shared_splits(splits: Sequence[str], *sets: PredictionSetRow | None) -> list[str]:
    """Return the splits that all given sets cover."""
    covered = [row.covered_splits for row in sets if row is not None]
    return [name for name in splits if all(only is None or name in only for only in covered)]


def read_request(
    project_id: int,
    rows: Sequence[PredictionSetRow],
    *,
    baseline_id: int | None,
    scope: Scope,
) -> EvaluationRequest:
    """Draw both rows of controls and return the request they make."""
    by_name: Mapping[str, PredictionSetRow] = {row.name: row for row in rows}
    sets_side, scope_side = st.columns([5, 4], gap="medium")
    with sets_side:
        chosen, against = choose_sets(rows, baseline_id)
    ours, theirs = by_name[chosen], by_name.get(against)
    with scope_side:
        split, classes = choose_scope(shared_splits(scope.splits, ours, theirs), scope.classes)
    score, iou, iou_type = choose_operating_point(shared_overlaps(ours, theirs))
    return EvaluationRequest(
        project_id=project_id,
        set_id=ours.id,
        against_id=theirs.id if theirs else None,
        iou_type=iou_type,
        score=score,
        iou=iou,
        split=split,
        classes=classes,
    )
