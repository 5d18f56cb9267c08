from .compare import (
    DimensionComparison as DimensionComparison,
)
from .compare import (
    compare_dimensions as compare_dimensions,
)
from .evidence import Fractality as Fractality
from .evidence import fractality as fractality
from .fit import DimensionFit as DimensionFit
from .fit import fit_dimension as fit_dimension
from .flow import FlowAnalysis as FlowAnalysis
from .flow import FlowStep as FlowStep
from .flow import analyze_flow as analyze_flow
from .flow import score_invariance as score_invariance
from .multifractal import multifractal_boxes as multifractal_boxes
from .sandbox import ball_masses as ball_masses
from .sandbox import multifractal_sandbox as multifractal_sandbox
from .spectrum import MultifractalSpectrum as MultifractalSpectrum
from .sweep import EpsilonSweep as EpsilonSweep
from .sweep import epsilon_sweep as epsilon_sweep
