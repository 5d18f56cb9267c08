from . import (
    boxes as boxes,
    datasets as datasets,
    dimension as dimension,
    distances as distances,
    export as export,
    features as features,
    graph as graph,
    models as models,
    plot as plot,
    report as report,
    selfsimilarity as selfsimilarity,
)

__version__: str
