from .box_dimension import BoxDimension as BoxDimension
from .compare import (
    DimensionComparison as DimensionComparison,
    compare_dimensions as compare_dimensions,
)
from .curves import BallGrowth as BallGrowth, measure_growth as measure_growth
from .evidence import Fractality as Fractality, fractality as fractality
from .fit import DimensionFit as DimensionFit, fit_dimension as fit_dimension
from .flow import (
    FlowAnalysis as FlowAnalysis,
    FlowStep as FlowStep,
    analyze_flow as analyze_flow,
    score_invariance as score_invariance,
)
from .multifractal import (
    ball_masses as ball_masses,
    multifractal_boxes as multifractal_boxes,
    multifractal_sandbox as multifractal_sandbox,
)
from .network_comparison import ComparedLayer as ComparedLayer, compare_network as compare_network
from .spectrum import MultifractalSpectrum as MultifractalSpectrum
from .sweep import EpsilonSweep as EpsilonSweep, epsilon_sweep as epsilon_sweep
