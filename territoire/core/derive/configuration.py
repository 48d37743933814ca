"""The whole configuration of pygeoapi: server.yml, written by hand, with a resource a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from territoire.core.derive import resource
from territoire.core.derive.tileset import Bounds
from territoire.core.layers import Raster
from territoire.core.models import Dataset
from territoire.core.vocabulary import Vocabulary


def configuration(
    server: Mapping[str, Any],  # a YAML document
    datasets: Sequence[Dataset | Raster],
    vocabulary: Vocabulary,
    *,
    base_url: str,
    bounds: Mapping[str, Bounds],
) -> dict[str, Any]:  # a YAML document
    """Join server.yml with the resources of the datasets, in their order; `bounds` are in degrees, by dataset."""
    resources = dict(server.get("resources", {})) | {
        dataset.id: resource.resource(dataset, vocabulary, base_url=base_url, bounds_crs84=bounds.get(dataset.id))
        for dataset in datasets
    }
    return {**server, "resources": resources}
