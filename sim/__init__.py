"""Plants, sensors, scenarios and the loop."""

import os
import sys

if sys.platform == "linux":
    os.environ.setdefault("MUJOCO_GL", "egl")  # read by mujoco when it is imported: pictures need no screen
