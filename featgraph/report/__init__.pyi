from .analysis import (
    LayerAnalysis as LayerAnalysis,
    NetworkAnalysis as NetworkAnalysis,
    SkippedLayer as SkippedLayer,
)
from .folder import (
    Provenance as Provenance,
    claim_folder as claim_folder,
    describe_run as describe_run,
)
from .page import build_page as build_page
from .report import Report as Report, ReportWriter as ReportWriter
