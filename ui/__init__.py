"""The Streamlit front end."""

from __future__ import annotations
