from .building import weight_graph as weight_graph
from .emergence import (
    EmergenceCurve as EmergenceCurve,
    NullEmergence as NullEmergence,
    measure_emergence as measure_emergence,
)
from .multifractal import multifractal_weights as multifractal_weights
from .spectrum import NullSpectrum as NullSpectrum, WeightSpectrum as WeightSpectrum
