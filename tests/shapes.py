"""Shapes in signatures are checked while tests run: in every call of a function, and every record made.

Annotations such as ``Float[Tensor, "n d_model"]`` are for readers. The packages import jaxtyping for type
checkers only: outside tests nothing is checked, or even loaded.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import Any

PACKAGES = ("mapping", "inference", "lookups", "eval")
_SHAPE = re.compile(r"\[(torch\.)?Tensor, ['\"]")


def install() -> None:
    """Check what is imported from now on."""
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith(tuple(f"headscribe.{package}" for package in PACKAGES)):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def exec_module(self, module: types.ModuleType) -> None:
        super().exec_module(module)
        for name, found in list(vars(module).items()):
            if getattr(found, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(found):
                setattr(module, name, checked(found))
            elif inspect.isclass(found):
                for method, function in list(vars(found).items()):
                    if inspect.isfunction(function):
                        setattr(found, method, checked(function))
                    if isinstance(function, property) and function.fget:
                        setattr(found, method, property(checked(function.fget), doc=function.__doc__))


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which looks at the shapes of what it is given and gives; itself where it says none."""
    if not _written(function):
        return function
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        from jaxtyping import jaxtyped

        shapes = _resolved(function)
        with jaxtyped("context"):
            for name, value in signature.bind(*args, **kwargs).arguments.items():
                _check(function, name, value, shapes.get(name))
            given = function(*args, **kwargs)
            _check(function, "what it gives", given, shapes.get("return"))
            return given

    return call


def _written(function: Callable[..., Any]) -> dict[str, str]:
    """The annotations with shapes in them, as they are written."""
    hints = getattr(function, "__annotations__", {})
    return {name: hint for name, hint in hints.items() if isinstance(hint, str) and _SHAPE.search(hint)}


@functools.cache
def _resolved(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations with shapes in them, as types."""
    import jaxtyping
    import torch

    own = inspect.unwrap(function).__globals__
    names = {**vars(jaxtyping), **vars(typing), "torch": torch, "Tensor": torch.Tensor, **own}
    return {name: eval(hint, names) for name, hint in _written(function).items()}


def _check(function: Callable[..., Any], name: str, value: Any, hint: Any) -> None:
    if hint is not None and not _fits(value, hint):
        shape = tuple(value.shape) if hasattr(value, "shape") else value
        dtype = getattr(value, "dtype", type(value))
        raise TypeError(f"{function.__qualname__}: {name} is {dtype} {shape}, not {hint}")


def _fits(value: Any, hint: Any) -> bool:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in args)
    if origin is tuple:
        each: Iterable[Any] = [args[0]] * len(value) if args[-1] is ... else args
        return len(value) == len(list(each)) and all(map(_fits, value, each))
    if origin in (list, Sequence):
        return all(_fits(one, args[0]) for one in value)
    if origin is not None or hint is Any:
        return True
    return value is None if hint in (None, type(None)) else isinstance(value, hint)
