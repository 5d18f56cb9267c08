from .count_curves import plot_box_counts as plot_box_counts, plot_theta_curves as plot_theta_curves
from .figure2 import plot_figure2 as plot_figure2, plot_node_clusters as plot_node_clusters
from .files import save_figure as save_figure
from .fractality import plot_flow as plot_flow, plot_fractality as plot_fractality
from .graph_drawing import layout_graph as layout_graph, plot_graph as plot_graph
from .invariance import plot_correlation_sum as plot_correlation_sum, plot_spectra as plot_spectra
from .layer_maps import (
    plot_cross_views as plot_cross_views,
    plot_layer_matrix as plot_layer_matrix,
    plot_similarity as plot_similarity,
)
from .layer_values import (
    plot_dimensions as plot_dimensions,
    plot_exponents as plot_exponents,
    plot_ss_rate as plot_ss_rate,
)
from .mds import (
    align_positions as align_positions,
    plot_mds as plot_mds,
    scale_distances as scale_distances,
)
from .multifractal import (
    plot_emergence as plot_emergence,
    plot_multifractal as plot_multifractal,
    plot_weight_spectra as plot_weight_spectra,
)
from .networks import (
    plot_degrees as plot_degrees,
    plot_epsilon_sweep as plot_epsilon_sweep,
    plot_small_world as plot_small_world,
)
from .persistence import (
    plot_barcode as plot_barcode,
    plot_betti_curves as plot_betti_curves,
    plot_landscape as plot_landscape,
    plot_persistence as plot_persistence,
)
from .renormalization import (
    plot_box_tree as plot_box_tree,
    plot_renormalization as plot_renormalization,
)
from .training import (
    plot_learning_curves as plot_learning_curves,
    plot_rate_trajectories as plot_rate_trajectories,
    plot_tracking as plot_tracking,
)
from .triangle import (
    plot_linear_paths as plot_linear_paths,
    plot_pruning as plot_pruning,
    plot_triangle as plot_triangle,
)
