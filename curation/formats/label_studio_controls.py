"""What the annotators of a Label Studio project may choose, and with which control.

Read from the project's `parsed_label_config`. A control either has labels itself
(`RectangleLabels`), or it draws and a `Labels` control of the same image names what was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

# Tags whose labels are classes of objects, as far as their regions are read; keypoints are marks.
_CLASS_TAGS: Final = (
    "RectangleLabels",
    "PolygonLabels",
    "BrushLabels",
    "EllipseLabels",
    "Labels",
)


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a labelling screen.

    Args:
        from_name: Its name, as regions have it.
        to_name: The name of what it is about.
        type: Its tag, such as `RectangleLabels`.
        labels: What may be chosen; of a control without labels of its own, those of `labels_from`.
        labels_from: Name of the `Labels` control that names what this one draws.
        about_image: Whether it is about an image.
    """

    from_name: str
    to_name: str
    type: str
    labels: tuple[str, ...]
    labels_from: str | None = None
    about_image: bool = True


def control_labels(parsed_label_config: Any) -> dict[str, Control]:
    """Return the controls of a project by name, in the order of its screen.

    >>> box = {"type": "RectangleLabels", "to_name": ["image"], "labels": ["car"]}
    >>> control_labels({"box": box})["box"].labels
    ('car',)
    """
    if not isinstance(parsed_label_config, dict):
        return {}
    return {
        name: _control(name, entry)
        for name, entry in parsed_label_config.items()
        if isinstance(entry, dict)
    }


def offered_classes(parsed_label_config: Any) -> tuple[str, ...]:
    """Return the classes that objects may have, each once, in the order of the screen."""
    return tuple(
        dict.fromkeys(
            label
            for control in control_labels(parsed_label_config).values()
            if control.about_image and control.type in _CLASS_TAGS
            for label in control.labels
        )
    )


def rectangle_control(parsed_label_config: Any, class_name: str) -> Control | None:
    """Return the control that takes a rectangle of a class, None if none does."""
    return _taker(parsed_label_config, class_name, "Rectangle")


def brush_control(parsed_label_config: Any, class_name: str) -> Control | None:
    """Return the control that takes a mask of a class, None if none does."""
    return _taker(parsed_label_config, class_name, "Brush")


def _control(name: str, entry: dict[str, Any]) -> Control:
    to_name = [each for each in _list(entry.get("to_name")) if isinstance(each, str)]
    inputs = [each.get("type") for each in _list(entry.get("inputs")) if isinstance(each, dict)]
    return Control(
        name,
        to_name[0] if to_name else "",
        str(entry.get("type", "")),
        tuple(each for each in _list(entry.get("labels")) if isinstance(each, str)),
        about_image=not inputs or "Image" in inputs,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _taker(parsed_label_config: Any, class_name: str, tag: str) -> Control | None:
    """Return the first control that draws with a tag and has the label, or whose partner has."""
    controls = [each for each in control_labels(parsed_label_config).values() if each.about_image]
    for control in controls:
        if control.type == f"{tag}Labels" and class_name in control.labels:
            return control
    for names in controls:
        if names.type != "Labels" or class_name not in names.labels:
            continue
        for control in controls:
            if control.type == tag and control.to_name == names.to_name:
                return replace(control, labels=names.labels, labels_from=names.from_name)
    return None
