"""The registry: every declaration of datasets/ and the shared words, read, checked and frozen."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from territoire.core import sources, yaml_source
from territoire.core.errors import DeclarationError
from territoire.core.layers import LiveLayer, Raster
from territoire.core.models import Dataset
from territoire.core.sources import WfsSource
from territoire.core.vocabulary import Territory, Vocabulary

Declaration = Dataset | LiveLayer | Raster
#: Stands in a filter for the box of the territory, in degrees: west, south, east, north.
TERRITORY = "{territory}"


@dataclass(frozen=True, slots=True)
class Registry:
    """All declarations by id, with the vocabulary that they use."""

    folder: Path
    declarations: dict[str, Declaration]
    vocabulary: Vocabulary

    @property
    def datasets(self) -> dict[str, Dataset]:
        """What has rows: tables, and live features."""
        return {name: found for name, found in self.declarations.items() if isinstance(found, Dataset)}

    def find(self, declaration_id: str) -> Declaration:
        """Return a declaration of any kind; DeclarationError names the nearest known ids."""
        if declaration_id in self.declarations:
            return self.declarations[declaration_id]
        raise DeclarationError(
            f"no dataset is called {declaration_id!r}",
            remedy=nearest(declaration_id, self.declarations) or "see `dataset list`",
        )

    def get(self, dataset_id: str) -> Dataset:
        """Return a declared dataset that has rows; DeclarationError names the nearest known ids."""
        found = self.find(dataset_id)
        if isinstance(found, Dataset):
            return found
        raise DeclarationError(f"{dataset_id} has no rows", remedy=nearest(dataset_id, self.datasets))


def load(folder: Path) -> Registry:
    """Read datasets/: `_vocabulary/*.yml` and `<theme>/<id>.yml`; DeclarationError for the first fault."""
    vocabulary = load_vocabulary(folder)
    found: dict[str, Declaration] = {}
    for file in sorted(folder.glob("[!_]*/*.yml")):
        declared = read_declaration(file, vocabulary)
        if declared.id in found:
            raise DeclarationError(
                f"{file}: id: {declared.id!r} is declared elsewhere too", remedy="give it another id"
            )
        found[declared.id] = declared
    registry = Registry(folder=folder, declarations=found, vocabulary=vocabulary)
    _check_references(registry.datasets)
    return registry


def load_vocabulary(folder: Path) -> Vocabulary:
    """Read the shared words, datasets/_vocabulary/*.yml."""
    return _vocabulary(
        {name: yaml_source.read(folder / "_vocabulary" / f"{name}.yml") for name in Vocabulary.model_fields}
    )


def read_declaration(file: Path, vocabulary: Vocabulary) -> Declaration:
    """Read one declaration of any kind and check its words against the vocabulary."""
    document = yaml_source.read(file)
    if not isinstance(document.content, dict):
        raise DeclarationError(f"{file}: a declaration is a mapping", remedy="begin with `id:`")
    dataset = validate(_model(document.content), document)
    if dataset.id != file.stem:
        raise DeclarationError(
            f"{file}:{document.line(('id',))}: id: {dataset.id!r} is not the name of the file",
            remedy=f"rename the file to {dataset.id}.yml, or the id to {file.stem}",
        )
    for key, known in (
        ("theme", vocabulary.themes),
        ("producer", vocabulary.producers),
        ("licence", vocabulary.licences),
    ):
        word: str = getattr(dataset, key)
        if word not in known:
            raise DeclarationError(
                f"{file}:{document.line((key,))}: {key}: {word!r} is not in _vocabulary/{key}s.yml",
                remedy=nearest(word, known) or f"add it to datasets/_vocabulary/{key}s.yml",
            )
    return _placed(dataset, vocabulary.territory)


def _placed(declared: Declaration, territory: Territory) -> Declaration:
    """Put the box of the territory where a filter asks for it: a declaration then serves any territory."""
    if not isinstance(declared, Dataset):
        return declared
    box = ", ".join(map(str, territory.bbox_crs84))
    sources = tuple(
        one.model_copy(update={"filter": one.filter.replace(TERRITORY, box)})
        if isinstance(one, WfsSource) and one.filter
        else one
        for one in declared.source
    )
    return declared.model_copy(update={"source": sources})


def _model(content: dict[str, Any]) -> type[Declaration]:  # a YAML document
    """Say what is declared: `kind: raster`, a live layer that has no columns, or rows."""
    if content.get("kind") == "raster":
        return Raster
    live = content.get("live")
    if isinstance(live, dict) and not ({"key", "columns"} & content.keys()):
        return LiveLayer
    return Dataset


def validate[M: BaseModel](model: type[M], document: yaml_source.Document) -> M:
    """Turn a YAML document into `model`; DeclarationError names file, line, key path and remedy of each fault."""
    try:
        return model.model_validate(document.content)
    except ValidationError as exc:
        # a misspelt key explains the missing one, and a list emptied by its faults is no fault of its own
        errors = sorted(exc.errors(), key=lambda error: error["type"] != "extra_forbidden")
        faults = [
            _fault(document, e["loc"], e["type"], e["msg"], e["input"], model)
            for e in errors
            if e["type"] != "too_short"
        ]
        if not faults:
            faults = [_fault(document, e["loc"], e["type"], e["msg"], e["input"], model) for e in errors]
        *others, last = faults
        message = "\n".join([*(f"{text}; {remedy}" if remedy else text for text, remedy in others), last[0]])
        raise DeclarationError(message, remedy=last[1]) from exc


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known words are nearest to `word`, or name them all when they are few."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.55)
    if close:
        known_too = f" (known: {', '.join(names)})" if len(names) <= 12 else ""
        return f"did you mean {' or '.join(close)}?{known_too}"
    return f"known: {', '.join(names)}" if 0 < len(names) <= 30 else ""


def _fault(
    document: yaml_source.Document,
    location: tuple[str | int, ...],
    kind: str,
    message: str,
    value: object,
    model: type[BaseModel] = Dataset,
) -> tuple[str, str]:
    path = tuple(part for part in location if part not in {"function-after", "dict", "tuple", *sources.KINDS})
    where = f"{document.file}:{document.line(path)}: {yaml_source.dotted(path)}"
    if kind == "extra_forbidden":
        return f"{where}: unknown key", nearest(str(path[-1]), _known_keys(model, location)) or "remove it"
    if kind == "union_tag_invalid":
        said = value.get("kind") if isinstance(value, dict) else value
        return f"{where}.kind: {said!r} is not one of them", nearest(str(said), sources.KINDS)
    if kind == "missing":
        return f"{where}: is missing", f"add `{path[-1]}:`"
    if kind == "string_type":
        remedy = f'write it in quotes: "{value}"' if isinstance(value, int | float | bool) else "write a text"
        return f"{where}: {value!r} is not a text", remedy
    if kind == "value_error":
        text, _, remedy = message.removeprefix("Value error, ").partition("; ")
        named = re.match(r"([a-z_.]+): ", text)
        if named and not path:  # a rule over the whole declaration says itself which key it is about
            at = tuple(named.group(1).split("."))
            return f"{document.file}:{document.line(at)}: {text}", remedy
        return f"{where}: {text}", remedy
    if kind == "model_type":
        return f"{where}: {value!r} is not a mapping", "write it as {fr: ..., en: ...}, or as the keys below it"
    if kind == "string_pattern_mismatch" and path and path[-1] in {"name", "id"}:
        rule = "lower case letters, digits and _, a letter first, no accent"
        more = "; say `from:` for the name in the source" if path[-1] == "name" else ", as the name of the file"
        return f"{where}: {value!r} is not a name of the API", f"{rule}{more}"
    if kind == "literal_error":
        words = re.findall(r"'([^']+)'", message)
        return f"{where}: {value!r} is not one of them", nearest(str(value), words)
    return f"{where}: {message} (here: {value!r})", ""


def _known_keys(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """Return the keys that may stand where `location` ends, read from the models' own fields."""
    inner: list[type[BaseModel]] = [model]
    for part in location[:-1]:
        if part in sources.KINDS:
            # a list of sources is of several kinds, and the location says which
            inner = [one for one in inner if part in str(one.model_fields["kind"].annotation)]
        elif isinstance(part, str) and part not in {"function-after", "dict", "tuple"}:
            fields = ((f.alias or name, f) for one in inner for name, f in one.model_fields.items())
            inner = [found for name, f in fields if name == part for found in _inner_models(f.annotation)]
    return sorted({field.alias or name for one in inner for name, field in one.model_fields.items()})


def _inner_models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in _inner_models(part)]


def _vocabulary(documents: dict[str, yaml_source.Document]) -> Vocabulary:
    fields: dict[str, object] = {name: document.content for name, document in documents.items()}
    try:
        return Vocabulary.model_validate(fields)
    except ValidationError as exc:
        error = exc.errors()[0]
        name, *rest = error["loc"]
        message, remedy = _fault(documents[str(name)], tuple(rest), error["type"], error["msg"], error["input"])
        raise DeclarationError(message, remedy=remedy) from exc


def _check_references(datasets: dict[str, Dataset]) -> None:
    for dataset in datasets.values():
        for reference in dataset.checks.references:
            target = datasets.get(reference.dataset)
            if target is None:
                raise DeclarationError(
                    f"{dataset.id}: checks.references: no dataset is called {reference.dataset!r}",
                    remedy=nearest(reference.dataset, datasets),
                )
            names = [column.name for column in target.columns]
            if reference.to not in names:
                raise DeclarationError(
                    f"{dataset.id}: checks.references: {reference.dataset} has no column {reference.to!r}",
                    remedy=nearest(reference.to, names),
                )
