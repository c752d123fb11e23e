"""Browser components: image grid and viewer.

Layer switches, the score slider and the difference mode work in the browser without a rerun.
A third of a second after the last touch the layers' short text form (such as `tsbm~0.45`) goes
to Python, which writes it into the address as `layers` and reruns only the fragment around the
component. The module finds the same signature then and draws nothing again.
"""

from __future__ import annotations
