from .compare import (
    DimensionComparison as DimensionComparison,
    compare_dimensions as compare_dimensions,
)
from .fit import DimensionFit as DimensionFit, fit_dimension as fit_dimension
