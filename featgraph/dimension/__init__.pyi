from .box_dimension import BoxDimension as BoxDimension
from .compare import compare_dimensions as compare_dimensions
from .comparison import DimensionComparison as DimensionComparison
from .evidence import Fractality as Fractality, fractality as fractality
from .fit import DimensionFit as DimensionFit, fit_dimension as fit_dimension
from .flow import (
    FlowAnalysis as FlowAnalysis,
    FlowStep as FlowStep,
    analyze_flow as analyze_flow,
    score_invariance as score_invariance,
)
from .growth import BallGrowth as BallGrowth, measure_growth as measure_growth
from .multifractal import multifractal_boxes as multifractal_boxes
from .network_comparison import (
    ComparedLayer as ComparedLayer,
    compare_network as compare_network,
)
from .sandbox import ball_masses as ball_masses, multifractal_sandbox as multifractal_sandbox
from .spectrum import MultifractalSpectrum as MultifractalSpectrum
from .sweep import EpsilonSweep as EpsilonSweep, epsilon_sweep as epsilon_sweep
