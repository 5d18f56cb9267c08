from .folder import claim_folder as claim_folder
from .layer_analysis import LayerAnalysis as LayerAnalysis, SkippedLayer as SkippedLayer
from .network_analysis import NetworkAnalysis as NetworkAnalysis
from .page import build_page as build_page
from .provenance import Provenance as Provenance, describe_run as describe_run
from .report import Report as Report
from .writer import ReportWriter as ReportWriter
