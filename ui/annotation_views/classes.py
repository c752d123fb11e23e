"""What the tool's classes mean in the project: open questions first, then the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, get_args

import pandas as pd
import streamlit as st

from curation.projects.catalog import class_names
from curation.store.source_classes import Answer
from curation.sync.class_questions import (
    answer_question,
    class_questions,
    list_source_classes,
)
from ui import numbers
from ui.annotation_views.addresses import AUTHOR
from ui.connection import database
from ui.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.sync.class_questions import ClassQuestion, SourceClassRow
    from curation.sync.source_states import SourceState

SHOWN: Final = 20
"""How many questions are asked at once."""
Choice: TypeAlias = tuple[Answer, str]
NEW, IGNORE = get_args(Answer)[1:]
IN_WORDS: Final = {NEW: "a new class of the project", IGNORE: "ignore: leave its regions out"}


def show(state: SourceState) -> None:
    """Draw the view."""
    rows = list_source_classes(database(), state.source.id)
    if not rows:
        st.info(
            "The tool has named no class yet. The first run asks it for them.",
            icon=":material/info:",
        )
        return
    questions = class_questions(database(), state.source)
    if questions:
        ask(state, questions)
    else:
        st.caption("Every class of the tool has an answer.")
    answered = [row for row in rows if row.answer is not None]
    if answered:
        show_answers(answered)
        change_answer(state, answered)


def ask(state: SourceState, questions: Sequence[ClassQuestion]) -> None:
    """Draw the open questions and the button that keeps what was answered."""
    count = numbers.counted(len(questions), "class", "classes")
    verb = "waits" if len(questions) == 1 else "wait"
    st.markdown(f"**{count} of the tool {verb} for an answer.**")
    st.caption("Until then their images keep the labels they had. An answer is remembered.")
    with st.form(f"questions-{state.source.id}"):
        chosen = {one.name: ask_one(one) for one in questions[:SHOWN]}
        if len(questions) > SHOWN:
            st.caption(f"{len(questions) - SHOWN} more after these.")
        saved = st.form_submit_button("Save", type="primary", icon=":material/check:")
    st.button(
        f"Take all {numbers.count(len(questions))} as new classes",
        type="tertiary",
        icon=":material/playlist_add:",
        on_click=take_all,
        args=(state, questions),
    )
    given = {name: choice for name, choice in chosen.items() if choice is not None}
    if not saved:
        return
    if not given:
        st.info("Choose what a class is first.", icon=":material/info:")
        return
    for name, choice in given.items():
        keep(state, name, choice)
    st.rerun()


def take_all(state: SourceState, questions: Sequence[ClassQuestion]) -> None:
    """Answer every open question with a new class of its name; for callbacks."""
    for question in questions:
        keep(state, question.name, (NEW, ""))


def ask_one(question: ClassQuestion) -> Choice | None:
    """Draw one question and return what is chosen, None while nothing is."""
    left, right = st.columns([2, 3], gap="small", vertical_alignment="center")
    with left:
        st.markdown(f"**{plain(question.name)}**")
        hints = []
        if question.alike:
            hints.append("similar: " + ", ".join(map(plain, question.alike)))
        if question.gone:
            names = ", ".join(map(plain, question.gone[:3]))
            hints.append(f"the tool offers no more: {names}; is it one of them, renamed?")
        if hints:
            st.caption(" · ".join(hints))
    with right:
        return st.selectbox(
            f"Meaning of {plain(question.name)}",
            meanings(question.known, first=question.alike),
            index=None,
            format_func=in_words,
            placeholder="Choose what it is",
            label_visibility="collapsed",
            key=f"meaning-{question.name}",
        )


def meanings(known: Sequence[str], *, first: Sequence[str] = ()) -> list[Choice]:
    """Return everything that a class may mean, the likely ones first.

    >>> meanings(["cell", "nucleus"], first=["nucleus"])[:2]
    [('class', 'nucleus'), ('new', '')]
    """
    likely: list[Choice] = [("class", name) for name in first]
    others: list[Choice] = [("class", name) for name in known if name not in first]
    return [*likely, (NEW, ""), (IGNORE, ""), *others]


def in_words(choice: Choice) -> str:
    """Write an answer as people read it."""
    answer, name = choice
    return IN_WORDS.get(answer, name)


def keep(state: SourceState, name: str, choice: Choice) -> None:
    """Remember one answer."""
    answer, class_name = choice
    answer_question(
        database(),
        state.source,
        name,
        answer=answer,
        class_name=class_name if answer == "class" else None,
        author=AUTHOR,
    )


def show_answers(rows: Sequence[SourceClassRow]) -> None:
    """Draw what has an answer."""
    frame = pd.DataFrame(
        [
            {
                "Class of the tool": row.name,
                "Is": row.class_name or IN_WORDS.get(row.answer or "", ""),
                "Answered by": row.answered_by or "",
                "Offered now": "yes" if row.offered else "no",
            }
            for row in rows
        ]
    )
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "Answered by": st.column_config.TextColumn(
                help="“same name”: the project has a class of exactly this name.", width=130
            ),
            "Offered now": st.column_config.TextColumn(
                help="Whether the tool's annotators can choose it at present.", width=95
            ),
        },
        key="answers",
        height="content" if len(rows) < 13 else 430,
        alt="Classes of the tool and what they are in the project",
    )


def change_answer(state: SourceState, rows: Sequence[SourceClassRow]) -> None:
    """Draw the change of an answer that was given before."""
    with st.expander("Change an answer", icon=":material/edit:"):
        st.caption("The next sync then makes the labels of all tasks of this source anew.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.selectbox(
                "Class of the tool", [row.name for row in rows], key="changed-class", width=220
            )
            choice = st.selectbox(
                "Is",
                meanings(class_names(database(), state.source.project_id)),
                format_func=in_words,
                index=None,
                placeholder="Choose what it is",
                key="changed-meaning",
                width=280,
            )
            if st.button("Change", disabled=choice is None) and choice is not None:
                keep(state, str(name), choice)
                st.rerun()
