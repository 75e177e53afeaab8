"""Reads launch files in ROS 2's YAML front-end format, as far as this project's files use it.

Known are `arg`, `let`, `set_env`, `group`, `push_ros_namespace`, `include` and `node`, the conditions `if` and
`unless` on each, and the substitutions `$(var x)`, `$(env X default)`, `$(dirname)` and `$(find-pkg-share p)`.
Anything else is refused by name, so that nothing that a file asks for is silently left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from shield.errors import BadInput

INCLUDES_MAX_N = 20
SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")
NODE_KEYS = frozenset({"pkg", "exec", "name", "namespace", "param", "env", "remap", "args", "output"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """One process that a launch file asks for."""

    name: str
    package: str
    executable: str
    namespace: str
    parameters: Mapping[str, object]
    environment: Mapping[str, str]
    remappings: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchPlan:
    """What a launch file comes to with given arguments."""

    file: Path
    arguments: Mapping[str, str]  # every declared argument with its value
    environment: Mapping[str, str]
    processes: tuple[ProcessSpec, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in which file an element stands; the text of an error."""

    file: Path
    path: str = ""
    depth: int = 0

    def inside(self, name: str) -> _Place:
        return replace(self, path=f"{self.path}.{name}" if self.path else name)

    def wrong(self, what: str) -> BadInput:
        return BadInput(f"{self.file}: {self.path}: {what}" if self.path else f"{self.file}: {what}")


@dataclass(slots=True)
class _Scope:
    """What elements see; a group works on a copy."""

    given: Mapping[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    namespace: str = ""


@dataclass(slots=True)
class _Found:
    """What is collected over all files."""

    arguments: dict[str, str] = field(default_factory=dict)
    processes: list[ProcessSpec] = field(default_factory=list)


def read_launch(path: str | Path, given: Mapping[str, str]) -> LaunchPlan:
    """The processes that the launch file at `path` asks for, with the arguments `given`.

    Raises:
        BadInput: the file is missing or malformed, asks for something unknown, or an argument is unknown or missing.
    """
    path = Path(path)
    found, scope = _Found(), _Scope(given)
    _read_file(path, scope, found, 0)
    for name in given:
        if name not in found.arguments:
            known = ", ".join(found.arguments) or "none"
            raise BadInput(f"{path}: it has no argument {name!r}; known are {known}")
    if not found.processes:
        raise BadInput(f"{path}: it starts no node")
    names = [f"{process.namespace}/{process.name}" for process in found.processes]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"{path}: two nodes are called {name}")
    return LaunchPlan(file=path, arguments=found.arguments, environment=scope.environment,
                      processes=tuple(found.processes))  # fmt: skip


def _read_file(path: Path, scope: _Scope, found: _Found, depth: int) -> None:
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path}: cannot be read as a launch file: {' '.join(str(error).split())}") from None
    place = _Place(path, depth=depth)
    if not isinstance(raw, dict) or set(raw) != {"launch"}:
        raise place.wrong("a document with the single key 'launch' is expected")
    _elements(raw["launch"], place.inside("launch"), scope, found)


def _elements(raw: Any, place: _Place, scope: _Scope, found: _Found) -> None:
    if not isinstance(raw, list):
        raise place.wrong(f"{raw!r} is no list of elements")
    for k, element in enumerate(raw):
        here = replace(place, path=f"{place.path}[{k}]")
        if not isinstance(element, dict) or len(element) != 1:
            raise here.wrong(f"{element!r} is no element: one key is expected")
        kind, body = next(iter(element.items()))
        handler = _HANDLERS.get(kind)
        if handler is None:
            raise here.wrong(f"{kind!r} is not known here; known are {', '.join(_HANDLERS)}")
        inner = here.inside(str(kind))
        if isinstance(body, dict):
            if not _is_wanted(body, inner, scope):
                continue
            body = {name: value for name, value in body.items() if name not in ("if", "unless")}
        handler(body, inner, scope, found)


def _is_wanted(body: dict[str, Any], place: _Place, scope: _Scope) -> bool:
    for name, wanted in (("if", True), ("unless", False)):
        if name in body:
            text = _text(body[name], place.inside(name), scope).lower()
            if text not in ("true", "false", "1", "0"):
                raise place.wrong(f"{name} is {text!r}, true or false is expected")
            if (text in ("true", "1")) is not wanted:
                return False
    return True


def _arg(body: Any, place: _Place, scope: _Scope, found: _Found) -> None:
    _check(body, place, needed={"name"}, allowed={"default", "description", "choice"})
    name = _text(body["name"], place, scope)
    if name not in scope.variables:
        if name in scope.given:
            scope.variables[name] = scope.given[name]
        elif "default" in body:
            scope.variables[name] = _text(body["default"], place.inside("default"), scope)
        else:
            raise place.wrong(f"the argument {name!r} has no default: give {name}:=...")
    choices = [_text(choice.get("value"), place, scope) for choice in body.get("choice", ())]
    if choices and scope.variables[name] not in choices:
        raise place.wrong(f"{name} is {scope.variables[name]!r}; allowed are {', '.join(choices)}")
    found.arguments[name] = scope.variables[name]


def _let(body: Any, place: _Place, scope: _Scope, found: _Found) -> None:
    _check(body, place, needed={"name", "value"})
    scope.variables[_text(body["name"], place, scope)] = _text(body["value"], place, scope)


def _set_env(body: Any, place: _Place, scope: _Scope, found: _Found) -> None:
    _check(body, place, needed={"name", "value"})
    scope.environment[_text(body["name"], place, scope)] = _text(body["value"], place, scope)


def _group(body: Any, place: _Place, scope: _Scope, found: _Found) -> None:
    inner = _Scope(scope.given, dict(scope.variables), dict(scope.environment), scope.namespace)
    _elements(body, place, inner, found)


def _push_namespace(body: Any, place: _Place, scope: _Scope, found: _Found) -> None:
    _check(body, place, needed={"namespace"})
    scope.namespace = _join(scope.namespace, _text(body["namespace"], place, scope))


def _include(body: Any, place: _Place, scope: _Scope, found: _Found) -> None:
    _check(body, place, needed={"file"}, allowed={"arg", "let"})
    if place.depth >= INCLUDES_MAX_N:
        raise place.wrong(f"more than {INCLUDES_MAX_N} files include one another")
    for name, value in _pairs([*body.get("arg", ()), *body.get("let", ())], place, scope).items():
        scope.variables[name] = str(value)
    _read_file(Path(_text(body["file"], place.inside("file"), scope)), scope, found, place.depth + 1)


def _node(body: Any, place: _Place, scope: _Scope, found: _Found) -> None:
    _check(body, place, needed={"pkg", "exec"}, allowed=NODE_KEYS)
    name = _text(body.get("name", body["exec"]), place.inside("name"), scope)
    here = place.inside(name)
    remap = [(_text(entry.get("from"), here, scope), _text(entry.get("to"), here, scope))
             for entry in body.get("remap", ())]  # fmt: skip
    environment = {
        name: str(value) for name, value in _pairs(body.get("env", ()), here.inside("env"), scope).items()
    }
    found.processes.append(ProcessSpec(
        name=name, package=_text(body["pkg"], here, scope), executable=_text(body["exec"], here, scope),
        namespace=_join(scope.namespace, _text(body.get("namespace", ""), here, scope)) or "/",
        parameters=_pairs(body.get("param", ()), here.inside("param"), scope),
        environment={**scope.environment, **environment}, remappings=tuple(remap),
        arguments=tuple(_text(body.get("args", ""), here, scope).split())))  # fmt: skip


_HANDLERS: dict[str, Callable[[Any, _Place, _Scope, _Found], None]] = {
    "arg": _arg,
    "let": _let,
    "set_env": _set_env,
    "group": _group,
    "push_ros_namespace": _push_namespace,
    "include": _include,
    "node": _node,
}


def _check(
    body: Any, place: _Place, *, needed: set[str], allowed: frozenset[str] | set[str] = frozenset()
) -> None:
    if not isinstance(body, dict):
        raise place.wrong(f"{body!r} is no mapping")
    for name in needed - set(body):
        raise place.wrong(f"{name!r} is missing")
    for name in set(body) - needed - allowed:
        raise place.wrong(f"{name!r} is not known here; known are {', '.join(sorted(needed | allowed))}")


def _pairs(raw: Any, place: _Place, scope: _Scope) -> dict[str, object]:
    """A list of names with values; a value that is written as text is read like a YAML scalar, as ROS 2 does."""
    pairs: dict[str, object] = {}
    for entry in raw:
        _check(entry, place, needed={"name", "value"})
        name, value = _text(entry["name"], place, scope), entry["value"]
        if isinstance(value, str):
            value = yaml.safe_load(_text(value, place, scope))
        if not isinstance(value, (str, bool, int, float)):
            raise place.wrong(f"{name} is {value!r}, a text or a number is expected")
        pairs[name] = value
    return pairs


def _text(raw: Any, place: _Place, scope: _Scope) -> str:
    if isinstance(raw, bool):
        return str(raw).lower()
    if not isinstance(raw, (str, int, float)):
        raise place.wrong(f"{raw!r} is no text")
    return SUBSTITUTION.sub(lambda match: _substitute(match.group(1).split(), place, scope), str(raw))


def _substitute(words: list[str], place: _Place, scope: _Scope) -> str:
    match words:
        case ["var", name] if name in scope.variables:
            return scope.variables[name]
        case ["var", name]:
            raise place.wrong(f"$(var {name}) is not declared before it is used")
        case ["env", name, *default] if name in os.environ or default:
            return os.environ.get(name, " ".join(default))
        case ["dirname"]:
            return str(place.file.resolve().parent)
        case ["find-pkg-share", package]:
            return str(_share_of(package, place))
    raise place.wrong(f"$({' '.join(words)}) is not known here, or not set")


def _share_of(package: str, place: _Place) -> Path:
    """The share folder of a package in one of the sourced ROS 2 prefixes."""
    prefixes = [prefix for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    for prefix in prefixes:
        folder = Path(prefix) / "share" / package
        if folder.is_dir():
            return folder
    raise place.wrong(
        f"package {package!r} has no share folder in {', '.join(prefixes) or 'AMENT_PREFIX_PATH'}"
    )


def _join(first: str, second: str) -> str:
    if second.startswith("/") or not second:
        return second or first
    return f"{first.rstrip('/')}/{second}"
