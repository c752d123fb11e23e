"""`curation demo`: build the demo project and open it."""

from __future__ import annotations

import click

from curation.cli.serving import serve_app
from curation.cli.session import open_session


@click.command()
@click.option("--images", default=300, show_default=True, help="Pictures to render, 10 or more.")
@click.option("--no-serve", is_flag=True, help="Build the project and stop.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port.  [default: 8501; 0: any free]")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.pass_context
def demo(
    context: click.Context, /, images: int, no_serve: bool, port: int | None, no_browser: bool
) -> None:
    """Render a microscope project with two detector versions, and serve the app.

    A second call finds the project and serves it at once.

    \b
    Example:
      curation demo --data-dir demo-data
    """
    with open_session(context) as session:
        from curation.demo.project import build_demo_project  # noqa: PLC0415  # start-up time

        build_demo_project(
            session.database,
            session.settings,
            images=images,
            say=lambda line: click.echo(line, err=True),
        )
        if no_serve:
            click.echo(f"The demo project is in {session.settings.data_dir}")
            return
        serve_app(session, port=port, browser=not no_browser)
