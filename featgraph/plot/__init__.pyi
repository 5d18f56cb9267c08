from .box_tree import plot_box_tree as plot_box_tree
from .correlation import (
    plot_correlation_sum as plot_correlation_sum,
    plot_dimensions as plot_dimensions,
)
from .count_curves import plot_box_counts as plot_box_counts
from .degree_tails import plot_degrees as plot_degrees
from .figure2 import plot_figure2 as plot_figure2, plot_node_clusters as plot_node_clusters
from .files import save_figure as save_figure
from .flows import plot_flow as plot_flow
from .fractality import plot_fractality as plot_fractality
from .graph_drawing import layout_graph as layout_graph, plot_graph as plot_graph
from .layer_connections import plot_layer_matrix as plot_layer_matrix
from .mds import plot_mds as plot_mds
from .multifractal import plot_multifractal as plot_multifractal
from .persistence import (
    plot_barcode as plot_barcode,
    plot_betti_curves as plot_betti_curves,
    plot_landscape as plot_landscape,
    plot_persistence as plot_persistence,
)
from .positions import align_positions as align_positions, scale_distances as scale_distances
from .renormalization import plot_renormalization as plot_renormalization
from .similarity import plot_cross_views as plot_cross_views, plot_similarity as plot_similarity
from .small_worlds import plot_small_world as plot_small_world
from .spectra import plot_exponents as plot_exponents, plot_spectra as plot_spectra
from .ss_rates import plot_ss_rate as plot_ss_rate
from .sweeps import plot_epsilon_sweep as plot_epsilon_sweep
from .theta_curves import plot_theta_curves as plot_theta_curves
from .tracking import plot_tracking as plot_tracking
from .training import (
    plot_learning_curves as plot_learning_curves,
    plot_rate_trajectories as plot_rate_trajectories,
)
from .triangle import (
    plot_linear_paths as plot_linear_paths,
    plot_pruning as plot_pruning,
    plot_triangle as plot_triangle,
)
from .weight_spectra import (
    plot_emergence as plot_emergence,
    plot_weight_spectra as plot_weight_spectra,
)
