"""Geometry of the crates that the robot handles, in the crate's frame: origin in the middle of its bottom.

x is along the docking direction; the handle is a bar on the lid, long along x, and gripped across, along y.
"""

from __future__ import annotations

LENGTH_M = 0.24
WIDTH_M = 0.16
HEIGHT_M = 0.12  # of the body, without the handle
HANDLE_CENTRE_M = 0.145  # above the bottom
HANDLE_WIDTH_M = 0.03  # what the fingers close on
HANDLE_LENGTH_M = 0.12
