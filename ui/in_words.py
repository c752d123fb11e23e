"""The sentence under the summary, written from the numbers and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ui import numbers
from ui.certainty import probability, reach
from ui.frames import compared_row, paired_classes
from ui.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ui.certainty import Certainty

UNCLEAR_FROM: Final = "not distinguishable from"


def in_words(
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any] | None,
    *,
    name: str,
    against: str = "",
    certainty: Certainty | None = None,
) -> str:
    """Say in words how a prediction set stands, or how it differs from the baseline.

    Args:
        ours: Numbers of the prediction set.
        theirs: Numbers of the baseline, None without comparison.
        name: Name of the prediction set.
        against: Name of the baseline.
        certainty: Intervals of the deltas, None while there are none.

    Returns:
        Markdown; names are escaped.
    """
    if theirs is None:
        return _alone(ours, name=name)
    parts = [
        _headline(ours, theirs, names=(plain(name), plain(against)), certainty=certainty),
        _classes(ours, theirs) if certainty is None else _sure_classes(ours, theirs, certainty),
        _sizes(ours, theirs, certainty),
    ]
    return " ".join(part for part in parts if part)


def _alone(ours: Mapping[str, Any], *, name: str) -> str:
    point = ours["operating_point"]
    labels = numbers.counted(point["tp"] + point["fn"], "label")
    text = (
        f"**{plain(name)}** has an AP of {numbers.metric(ours['metrics']['AP'])}; at score ≥ "
        f"{point['score']:.2f} it finds {numbers.count(point['tp'])} of {labels}"
        f" and is wrong {numbers.counted(point['fp'], 'time')}."
    )
    ranked = sorted(
        (row for row in ours["classes"] if row["AP"] is not None), key=lambda row: row["AP"]
    )
    if len(ranked) < 2:
        return text
    worst, best = ranked[0], ranked[-1]
    return (
        f"{text} Its best class is *{plain(best['name'])}* ({numbers.metric(best['AP'])}), "
        f"its worst *{plain(worst['name'])}* ({numbers.metric(worst['AP'])})."
    )


def _headline(
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    *,
    names: tuple[str, str],
    certainty: Certainty | None,
) -> str:
    name, against = names
    row = compared_row("AP", "AP", ours["metrics"], theirs["metrics"])
    if row["delta"] is None:
        return f"AP of **{name}** and **{against}** cannot be compared: one is n/a."
    numbers_of_ap = f"{numbers.metric(row['set'])}, {numbers.delta(row['delta'])}"
    word = {"better": "better than", "worse": "worse than"}.get(row["verdict"], "equal to")
    plainly = f"By AP **{name}** is {word} **{against}**: {numbers_of_ap}"
    found = None if certainty is None else certainty.headline("AP")
    if certainty is None or found is None or not found.value:
        return f"{plainly}."
    if found.low is None:
        return f"{plainly}. How sure that is cannot be said: {found.reason}."
    interval = f"{certainty.title} {reach('AP', found)}, {probability('p', found.p)}"
    if certainty.finding("AP", found) == "unclear":
        return f"By AP **{name}** is {UNCLEAR_FROM} **{against}**: {numbers_of_ap} ({interval})."
    return f"{plainly} ({interval}): more than chance."


def _sure_classes(ours: Mapping[str, Any], theirs: Mapping[str, Any], certainty: Certainty) -> str:
    """Count and name the classes whose AP changed by more than chance."""
    rows = [
        compared_row(name, "AP", own, other) for name, own, other in paired_classes(ours, theirs)
    ]
    told: dict[str, list[Mapping[str, Any]]] = {"better": [], "worse": []}
    known = [row for row in rows if row["delta"] is not None]
    for row in sorted(known, key=lambda row: -abs(row["delta"])):
        found = certainty.finding("AP", certainty.of_class(row["name"], "AP"))
        told.get(str(found), []).append(row)
    if not known:
        return ""
    parts = [_told(word, changed) for word, changed in told.items() if changed]
    of_all = f"Of {numbers.counted(len(known), 'class', 'classes')}"
    if not parts:
        return f"{of_all} none changed by more than chance."
    return f"{of_all} {', and '.join(parts)}."


def _told(word: str, changed: Sequence[Mapping[str, Any]]) -> str:
    if len(changed) == 1:
        return f"1 is clearly {word}: {_named(changed[0])}"
    return f"{len(changed)} are clearly {word}, most of all {_named(changed[0])}"


def _classes(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    rows = [
        compared_row(name, "AP", own, other) for name, own, other in paired_classes(ours, theirs)
    ]
    known = [row for row in rows if row["delta"] is not None]
    if not known:
        return ""
    known.sort(key=lambda row: abs(row["delta"]))
    better = [row for row in known if row["verdict"] == "better"]
    worse = [row for row in known if row["verdict"] == "worse"]
    text = f"It is better on {len(better)} of {numbers.counted(len(known), 'class', 'classes')}"
    if better:
        text += f", most on {_named(better[-1])}"
    if worse:
        text += f", and worse on {len(worse)}, most on {_named(worse[-1])}"
    return text + "."


def _named(row: Mapping[str, Any]) -> str:
    return f"*{plain(row['name'])}* ({numbers.delta(row['delta'])})"


def _sizes(ours: Mapping[str, Any], theirs: Mapping[str, Any], certainty: Certainty | None) -> str:
    """Name the size bucket that changed most, of those that changed by more than chance."""
    rows = [
        compared_row(size, "AP", row, theirs["sizes"].get(size, {}))
        for size, row in ours["sizes"].items()
    ]
    changed = [row for row in rows if row["delta"] and _is_told(row["name"], certainty)]
    if not changed:
        return ""
    most = max(changed, key=lambda row: abs(row["delta"]))
    word = "gained" if most["delta"] > 0 else "lost"
    return f"*{most['name'].capitalize()}* objects {word} most ({numbers.delta(most['delta'])})."


def _is_told(size: str, certainty: Certainty | None) -> bool:
    return certainty is None or certainty.finding("AP", certainty.of_size(size, "AP")) != "unclear"
