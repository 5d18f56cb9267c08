"""The layers of a model as a table: names, types, sizes, and what ``layers="auto"`` takes."""

from __future__ import annotations

import warnings
from typing import NamedTuple

from torch import nn

from featgraph.features.capture import extract_features
from featgraph.features.examples import example_batch
from featgraph.features.layers import select_layers
from featgraph.features.running import unwrap_model
from featgraph.features.walk import count_parameters, layer_type, named_layers

__all__ = ["LayerRow", "list_layers", "measure_layers"]


class LayerRow(NamedTuple):
    """One layer of a model.

    Attributes
    ----------
    name, type : str
        Its dotted name, and the name of its class.
    n_parameters : int
        Parameters in it; a container counts those inside it.
    n_nodes : int or None
        Nodes of its features, None where no forward pass was made or it gives none.
    layout : str or None
        How its activations are averaged, a key of ``REDUCTIONS``.
    is_auto : bool or None
        Whether ``layers="auto"`` takes it, None where that was not asked.
    """

    name: str
    type: str
    n_parameters: int
    n_nodes: int | None = None
    layout: str | None = None
    is_auto: bool | None = None


def list_layers(model: nn.Module) -> list[LayerRow]:
    """List every submodule with its dotted name, type and number of parameters.

    Parameters
    ----------
    model : Module
        Any network.

    Returns
    -------
    list of LayerRow
        In the order of registration; a container counts the parameters inside it.

    Examples
    --------
    >>> for row in list_layers(nn.Sequential(nn.Linear(4, 3), nn.ReLU())):
    ...     row.name, row.type, row.n_parameters
    ('0', 'Linear', 15)
    ('1', 'ReLU', 0)
    """
    return [
        LayerRow(name, layer_type(module), count_parameters(module))
        for name, module in named_layers(model)
    ]


def measure_layers(model: nn.Module, data: object = None) -> list[LayerRow]:
    """List every submodule with the number of its nodes, and whether "auto" takes it.

    Parameters
    ----------
    model : Module
        Any network.
    data : object, default=None
        As in :func:`extract_features`; one batch is used. None tries random inputs that fit what
        the model says it takes, or its first layer.

    Returns
    -------
    list of LayerRow
        As :func:`list_layers`; layers that gave no features, or all where no input was found,
        have ``n_nodes=None``.

    Raises
    ------
    TypeError, ValueError
        As :func:`extract_features`, if ``data`` is given and does not fit.

    Notes
    -----
    Costs one forward pass, and one for each input that is tried.

    Examples
    --------
    >>> for row in measure_layers(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))):
    ...     row.name, row.n_nodes, row.layout, row.is_auto
    ('0', 3, 'none', False)
    ('1', 3, 'none', True)
    ('2', 2, 'none', False)
    """
    model = unwrap_model(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is left out shows in the table
        chosen = set(select_layers(model))
        batch = example_batch(model) if data is None else None
        found = {}
        if data is not None or batch is not None:
            found = extract_features(
                model,
                [batch] if data is None else data,
                layers="all",
                max_batches=1,
                progress=False,
            )
    return [
        row._replace(
            n_nodes=found[row.name].n_nodes if row.name in found else None,
            layout=found[row.name].reduce if row.name in found else None,
            is_auto=row.name in chosen,
        )
        for row in list_layers(model)
    ]
