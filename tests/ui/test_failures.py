from __future__ import annotations

import logging

import pytest
from streamlit.testing.v1 import AppTest


def deliberate() -> None:
    from curation.errors import NotFound  # noqa: PLC0415  # AppTest runs this body alone
    from ui.failures import shown_failures  # noqa: PLC0415  # same

    with shown_failures():
        raise NotFound("class", "a*b", known=("cell",))


def evaluation_refused() -> None:
    from evaluation.errors import MalformedMask  # noqa: PLC0415  # AppTest runs this body alone
    from ui.failures import shown_failures  # noqa: PLC0415  # same

    with shown_failures():
        raise MalformedMask("its runs do not add up")


def unexpected() -> None:
    from ui.server import show_unexpected  # noqa: PLC0415  # AppTest runs this body alone

    show_unexpected(ValueError("secret in /home/someone"))


def test_shown_failures__title_what_is_wrong_and_what_to_do() -> None:
    app = AppTest.from_function(deliberate).run()
    title, what_to_do = app.error[0].value.split("\n\n")
    assert title == r"**Not found.** There is no class 'a\*b'\."
    assert what_to_do == r"Known\: cell\."


def test_shown_failures__errors_of_the_evaluation_too() -> None:
    app = AppTest.from_function(evaluation_refused).run()
    assert app.error[0].value.startswith("**Evaluation refused.** The mask is malformed")


def test_show_unexpected__an_id_on_the_screen_and_the_rest_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, logger="ui.server"):
        app = AppTest.from_function(unexpected).run()
    shown = app.error[0].value
    record = next(record for record in caplog.records if record.name == "ui.server")
    reference = str(record.args[0]) if isinstance(record.args, tuple) else ""
    assert reference in shown
    assert "secret" not in shown
    assert record.exc_info is not None
    assert "secret" in str(record.exc_info[1])
