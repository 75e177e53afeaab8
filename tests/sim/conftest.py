import sim  # noqa: F401 # before any test imports mujoco: says how to draw without a screen
