from .compare import (
    DimensionComparison as DimensionComparison,
)
from .compare import (
    compare_dimensions as compare_dimensions,
)
from .fit import DimensionFit as DimensionFit
from .fit import fit_dimension as fit_dimension
