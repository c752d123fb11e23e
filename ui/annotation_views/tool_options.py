"""What a source is told beyond its address: the fields that settings and a new source share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from curation.projects.uploads import allowed_path
from curation.sync.chosen_work import COUNTS
from curation.sync.sync_job import DEADLINE_MINUTES
from ui.connection import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_STATE: Final = "submitted"
STATES: Final = {
    "submitted": "submitted: all work that was handed in",
    "accepted": "accepted: only what is marked accepted or ground truth",
    "ground truth": "ground truth: only what is marked so",
}

FORMATS: Final[dict[str, str | None]] = {
    "told by their names": None,
    "COCO": "coco",
    "YOLO": "yolo",
    "CVAT XML": "cvat",
}
WITHOUT_LABEL: Final[dict[str, str | None]] = {
    "not said": None,
    "unlabelled: it waits for work": "unlabelled",
    "background: there is nothing on it": "background",
}


def choose_file_options(now: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Draw the fields of a source of files and return their options; None leaves one out.

    Args:
        now: The options as they are.
        key: Prefix of the widgets' keys.
    """
    first, second, third = st.columns(3, gap="medium")
    with first:
        file_format = st.selectbox(
            "Format",
            list(FORMATS),
            index=list(FORMATS.values()).index(now.get("format")),
            key=f"{key}-format",
        )
    with second:
        files = st.text_input(
            "Which files",
            value=str(now.get("files", "")),
            placeholder="all; or instances_*.json",
            key=f"{key}-files",
            help="Names of the JSON or XML files that are read.",
        )
    with third:
        missing = st.selectbox(
            "An image without any label is",
            list(WITHOUT_LABEL),
            index=list(WITHOUT_LABEL.values()).index(now.get("missing_label")),
            key=f"{key}-missing-label",
            help="Of YOLO and CVAT files, which do not say it themselves.",
        )
    return {
        "format": FORMATS[file_format],
        "files": given(files),
        "missing_label": WITHOUT_LABEL[missing],
    }


def choose_options(now: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Draw the fields of any source and return the options that they make; None leaves one out.

    Args:
        now: The options as they are.
        key: Prefix of the widgets' keys.
    """
    left, right = st.columns(2, gap="medium")
    with left:
        options = choose_new_images(now, key=key)
    with right:
        options |= choose_limits(now, key=key)
    return options


def choose_new_images(now: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Draw which work counts and what becomes of new images."""
    states = list(COUNTS)
    state = st.selectbox(
        "Work that counts",
        states,
        index=states.index(now.get("work_state", DEFAULT_STATE)),
        format_func=lambda name: STATES.get(name, name),
        key=f"{key}-work-state",
    )
    images = st.text_input(
        "Pictures of new images",
        value=str(now.get("images", "")),
        placeholder="folder or s3://bucket/prefix",
        key=f"{key}-images",
        help="Where pictures of images that the project does not have are looked up. Without it "
        "the size comes from the annotations. A folder must lie below those that the setting "
        "import_roots allows.",
    )
    split = st.text_input(
        "Split of new images",
        value=str(now.get("split", "")),
        placeholder="none",
        key=f"{key}-split",
    )
    return {
        "work_state": None if state == DEFAULT_STATE else state,
        "images": given(images),
        "split": given(split),
    }


def choose_limits(now: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Draw whether new images come, where the tool finds pictures, how long a run may last."""
    adds = st.toggle(
        "Tasks of unknown images add them",
        value=bool(now.get("add_images", True)),
        key=f"{key}-add-images",
    )
    address = st.text_input(
        "Address of a picture for the tool",
        value=str(now.get("image_address", "")),
        placeholder="/data/local-files/?d=photos/{file_name}",
        key=f"{key}-image-address",
        help="How the tool opens an image that is pushed, with {file_name} in it. Not needed where "
        "the project's pictures lie in S3 and the tool reads them there.",
    )
    minutes = st.number_input(
        "Longest run, minutes",
        min_value=1.0,
        value=float(now.get("deadline_minutes", DEADLINE_MINUTES)),
        step=30.0,
        format="%.0f",
        key=f"{key}-deadline",
        help="A run that lasts longer stops; the next goes on where it stopped.",
    )
    return {
        "add_images": None if adds else False,
        "image_address": given(address),
        "deadline_minutes": None if minutes in (None, DEADLINE_MINUTES) else minutes,
    }


def given(text: str | None) -> str | None:
    """Return what was typed, None for nothing."""
    return (text or "").strip() or None


def checked(options: Mapping[str, Any], *, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return options whose folders are looked at.

    Raises:
        UnsafePath: If one is a folder that settings do not allow.
    """
    images = options["images"]
    if images is None:
        return dict(options)
    return {**options, "images": place_of_files(images, before=before.get("images"))}


def place_of_files(text: str, *, before: str | None = None) -> str:
    """Return a place of files as a browser may name it: in S3, or in a folder that is allowed.

    Args:
        text: What was typed.
        before: What stood there before and may stay, since an admin may have set it.

    Raises:
        UnsafePath: If it is a folder that settings do not allow.
    """
    place = text.strip()
    if not place or place == before or place.startswith("s3://"):
        return place
    return str(allowed_path(place, settings().import_roots))
