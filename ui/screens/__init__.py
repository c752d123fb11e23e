"""One file a screen: it reads widgets, calls a service and draws the answer."""

from __future__ import annotations

from typing import Final

PROJECTS: Final = "screens/projects.py"
PROJECT: Final = "screens/project.py"
MODEL_EVALUATION: Final = "screens/model_evaluation.py"
ANNOTATION: Final = "screens/annotation.py"
COLLECTIONS: Final = "screens/collections.py"
IMPORTS: Final = "screens/imports.py"
JOBS: Final = "screens/jobs.py"
