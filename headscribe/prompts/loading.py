"""Templates, the shipped ones and the user's own: finding and reading them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from headscribe.core.errors import BadPrompt
from headscribe.core.places import user_config
from headscribe.prompts.template import Template

_FILE = re.compile(r"([a-z][a-z0-9_]*)-([1-9][0-9]*)\.toml")
_FIELDS: dict[str, type] = {
    "name": str,
    "version": int,
    "purpose": str,
    "variables": list,
    "user": str,
    "schema": dict,
}


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A template as it lies in its file, whether or not it can be used.

    Attributes:
        name: that the file gives; empty where it cannot be read.
        version: likewise, 0 where it cannot be read.
        text: the whole file.
        where: the file, for errors; ``shipped`` ones have only their name.
        shipped: whether it comes with the package.
    """

    name: str
    version: int
    text: str
    where: str
    shipped: bool = False

    @property
    def reference(self) -> str:
        """Name and version, such as ``describe@1``."""
        return f"{self.name}@{self.version}"

    def parse(self) -> Template:
        """The template.

        Raises:
            BadPrompt: its file breaks the rules.
        """
        return parse_template(self.text, self.where)

    def facts(self) -> dict[str, Any]:
        """Reference, purpose, whether it describes, hash and place; of one that cannot be used, why."""
        said: dict[str, Any] = {
            "template": self.reference if self.name else Path(self.where).name,
            "purpose": None,
            "describes": None,
            "hash": None,
            "from": "shipped" if self.shipped else self.where,
        }
        try:
            template = self.parse()
        except BadPrompt as problem:
            return said | {"purpose": f"cannot be used: {problem.what}"}
        return said | {"purpose": template.purpose, "describes": template.describes, "hash": template.hash}


def template_names(folders: Sequence[str | Path] = ()) -> list[str]:
    """Every template as ``name@version``, by name and then by version."""
    return list(dict.fromkeys(found.reference for found in find_templates(folders) if found.name))


def find_templates(folders: Sequence[str | Path] = ()) -> list[TemplateFile]:
    """The shipped templates, then those of the user's config folder, then those of ``folders``.

    Each group is sorted by name and version. Own templates lie directly in their folder as ``*.toml``; those
    that cannot be read have no name.

    Raises:
        BadPrompt: one of ``folders`` is missing or cannot be read.
    """
    own = user_config() / "prompts"
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise BadPrompt("there is no such folder", where=folder, do="Give a folder of templates")
    places = [own, *map(Path, folders)] if own.is_dir() else list(map(Path, folders))
    found = [*map(_shipped_file, sorted(_shipped()))]
    for place in dict.fromkeys(place.resolve() for place in places):
        files_here = (read_file(path) for path in sorted(place.glob("*.toml")))
        found += sorted(files_here, key=lambda file: (file.name, file.version))
    return found


def find_template(reference: str, folders: Sequence[str | Path] = ()) -> TemplateFile:
    """A template's file by ``name`` (the newest version), by ``name@version``, or by its path ``….toml``.

    Raises:
        BadPrompt: there is none, or two that differ have this name and version.
    """
    if reference.endswith(".toml"):
        if not Path(reference).is_file():
            raise BadPrompt("there is no such template file", where=reference, do="Correct the path")
        return read_file(Path(reference))
    name, at, wanted = reference.partition("@")
    known = find_templates(folders)
    versions = [found for found in known if found.name == name and (not at or wanted == str(found.version))]
    if not versions:
        do = f"Known templates: {', '.join(template_names(folders))}"
        if unread := [found.where for found in known if not found.name]:
            do += f"; not readable: {', '.join(unread)}"
        raise BadPrompt(f"there is no prompt template '{reference}'", where="--prompt", do=do)
    newest = max(found.version for found in versions)
    return _only([found for found in versions if found.version == newest])


def fitting_reference(reference: str, folders: Sequence[str | Path] = (), *, parts: bool) -> str:
    """The reference of the template that a name without version means with a map of this kind.

    That is the newest version that the map can fill in: one that asks for a head taken apart needs a map that
    holds its parts.

    Args:
        reference: as for ``find_template``; one that names a version or a file stays.
        folders: as for ``find_template``.
        parts: whether the map holds the parts of heads.

    Raises:
        BadPrompt: there is no such template, or the version named does not fit the map.
    """
    template = load_template(reference, folders)
    if parts or not template.takes_apart:
        return reference
    if "@" not in reference and not reference.endswith(".toml"):
        for version in range(template.version - 1, 0, -1):
            older = f"{reference}@{version}"
            if older in template_names(folders) and not load_template(older, folders).takes_apart:
                return older
    do = "Describe with --view parts, or choose an earlier version"
    raise BadPrompt(f"{template.reference} needs the parts of heads", where="--prompt", do=do)


def load_template(reference: str, folders: Sequence[str | Path] = ()) -> Template:
    """A template by what ``find_template`` takes.

    Raises:
        BadPrompt: there is no such template, or its file breaks the rules.
    """
    found = find_template(reference, folders)
    return _read(found.name, found.version) if found.shipped else found.parse()


def read_file(path: Path) -> TemplateFile:
    """One file, with the name and version that it gives if it can be read so far.

    Raises:
        BadPrompt: the file cannot be read at all.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadPrompt(f"the template cannot be read: {problem}", where=path) from None
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        fields = {}
    name, version = fields.get("name"), fields.get("version")
    if not isinstance(name, str) or type(version) is not int:
        return TemplateFile("", 0, text, str(path))
    return TemplateFile(name, version, text, str(path))


def parse_template(text: str, where: str) -> Template:
    """Read one template from the TOML text of its file.

    Args:
        text: the whole file.
        where: the file, for errors.

    Raises:
        BadPrompt: not TOML, a key missing, unknown or of the wrong type, or whatever ``Template`` refuses.
    """
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadPrompt(f"the template is not TOML: {problem}", where=where) from None
    check_fields(fields, where)
    variables = tuple(fields.pop("variables"))
    return Template(**fields, variables=variables, where=where)


def check_fields(fields: dict[str, Any], where: str) -> None:
    """See that a template's file has every key it needs, and no other.

    Raises:
        BadPrompt: it has not; names the keys.
    """
    if missing := [name for name in _FIELDS if name not in fields]:
        raise BadPrompt(f"the template lacks {', '.join(missing)}", where=where, do="Add what is missing")
    known = {**_FIELDS, "system": str}
    if unknown := sorted(set(fields) - set(known)):
        raise BadPrompt(f"unknown keys: {', '.join(unknown)}", where=where, do=f"Keep to {', '.join(known)}")
    wrong = [name for name, value in fields.items() if type(value) is not known[name]]
    if wrong or not all(isinstance(name, str) for name in fields["variables"]):
        names = ", ".join(wrong or ["variables"])
        raise BadPrompt(f"values of the wrong type: {names}", where=where, do="Follow a shipped template")
    if not re.fullmatch("[a-z][a-z0-9_]*", fields["name"]) or fields["version"] < 1:
        do = "Use small letters, digits and _ for the name, and count versions from 1"
        raise BadPrompt("the name or the version cannot be used", where=where, do=do)
    if not fields["user"].strip():
        raise BadPrompt("the user text is empty", where=where, do="Write what the LLM is asked")


@cache
def _shipped() -> frozenset[tuple[str, int]]:
    matches = (_FILE.fullmatch(file.name) for file in files("headscribe.prompts").joinpath("data").iterdir())
    return frozenset((match[1], int(match[2])) for match in matches if match)


def _only(same: Iterable[TemplateFile]) -> TemplateFile:
    """The one template behind a name and version; copies of it do no harm."""
    first, *others = same
    for other in others:
        if other.parse().hash != first.parse().hash:
            raise BadPrompt(
                f"another template is called {other.reference} too",
                where=other.where,
                do=f"Raise the version of one; the other is {first.where}",
            )
    return first


def _shipped_file(name_version: tuple[str, int]) -> TemplateFile:
    name, version = name_version
    file = f"{name}-{version}.toml"
    text = files("headscribe.prompts").joinpath("data", file).read_text(encoding="utf-8")
    return TemplateFile(name, version, text, file, shipped=True)


@cache
def _read(name: str, version: int) -> Template:
    found = _shipped_file((name, version))
    file, template = found.where, found.parse()
    if (template.name, template.version) != (name, version):
        raise BadPrompt(f"the file holds {template.reference}", where=file, do="Name the file after it")
    return template
