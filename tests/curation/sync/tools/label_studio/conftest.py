"""A project of a real Label Studio, and connections to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from curation.sync.tools.label_studio.tool import LabelStudioTool, open_tool
from tests.curation.sync.tools.label_studio.pushed import QUICK, SCREEN, OpenTool
from tests.servers.fault_proxy import FaultProxy
from tests.servers.label_studio import LabelStudioProject, MakeProject


@pytest.fixture
def project(label_studio_project: MakeProject) -> LabelStudioProject:
    return label_studio_project(SCREEN)


@pytest.fixture
def connect() -> Iterator[OpenTool]:
    """Open a tool on a project, through a proxy if one is given."""
    with ExitStack() as stack:

        def run(project: LabelStudioProject, proxy: FaultProxy | None = None) -> LabelStudioTool:
            opened = open_tool(project.connection(proxy.url if proxy else None), limits=QUICK)
            stack.callback(opened.close)
            return opened

        yield run


@pytest.fixture
def tool(project: LabelStudioProject, connect: OpenTool) -> LabelStudioTool:
    return connect(project)
