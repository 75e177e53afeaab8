"""Compiles everything that is compiled on first use, by working off a short shift: `python -m gatehouse.kernels`."""

from __future__ import annotations

import sys

from gatehouse.paths import find
from shield.errors import BadInput
from sim.scenario import load_scenario
from sim.stack import Stack

SCENARIO = "short"


def main() -> int:
    """Run the shift in process; the compiled code stays in the caches beside the sources."""
    try:
        Stack(load_scenario(find("scenario", SCENARIO))).run()
    except BadInput as error:
        sys.stderr.write(f"gatehouse: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
