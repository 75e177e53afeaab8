# Every target first sets up what it needs; a second call reuses it. PYTHON=... names another Python.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench native lock doctor clean

PYTHON ?=
BIN := .venv/bin

# A ROS 2 installation sourced in this shell must not mix with the one in .venv.
unexport PYTHONPATH PYTHONHOME AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH ROS_DISTRO

# The first Python that runs and has the right version; $(call with-python,words) runs it.
define with-python
	@for python in $(PYTHON) python3.11 python3.12 python3; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null; then \
	    exec "$$python" $(1); \
	  fi; \
	done; \
	echo "gatehouse: Python 3.11 or 3.12 is needed: apt-get install python3.11 python3.11-venv python3.11-dev (or 3.12)" >&2; \
	exit 2
endef

help:
	@echo "make setup   virtual environment, packages, ROS interfaces"
	@echo "make demo    a simulated robot fetches a crate; ARGS=... goes to 'gatehouse demo'"
	@echo "make test    lint, types, layers and all tests"
	@echo "make lint    ruff, mypy, import-linter"
	@echo "make format  let ruff format the code"
	@echo "make bench   the figures"
	@echo "make native  build the workspace with colcon, as on a native ROS 2"
	@echo "make doctor  what is installed and what is missing"
	@echo "make lock    choose the newest packages and write requirements.lock"
	@echo "make clean   remove the environment and all caches"

setup:
	$(call with-python,-m gatehouse.environment)

demo: setup
	@$(BIN)/gatehouse demo $(ARGS)

bench: setup
	@$(BIN)/gatehouse bench $(ARGS)

doctor: setup
	@$(BIN)/gatehouse doctor $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: lint
	$(BIN)/python -m pytest -m "not native" $(ARGS)

native: setup
	$(BIN)/python -m pytest -m native $(ARGS)

lock:
	$(call with-python,-m gatehouse.environment lock)

clean:
	rm -rf .venv ros2_ws/build ros2_ws/install ros2_ws/log *.egg-info
	rm -rf .mypy_cache .ruff_cache .hypothesis .import_linter_cache
