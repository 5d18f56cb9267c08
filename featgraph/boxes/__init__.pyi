from .analysis import (
    BoxAnalysis as BoxAnalysis,
    analyze_boxes as analyze_boxes,
    box_diameters as box_diameters,
)
from .annealing import cover_annealing as cover_annealing
from .auto import cover_auto as cover_auto
from .best import cover_best as cover_best
from .bounds import lower_bound as lower_bound, lower_bounds as lower_bounds
from .cbb import cover_cbb as cover_cbb
from .cluster_growing import cover_cluster_growing as cover_cluster_growing
from .counts import BoxCounts as BoxCounts
from .cover import BoxCover as BoxCover
from .covering import box_counts as box_counts, box_cover as box_cover
from .evolution import cover_evolution as cover_evolution
from .fnb import cover_fnb as cover_fnb, cover_hubs as cover_hubs
from .fuzzy import count_fuzzy as count_fuzzy
from .greedy import cover_greedy as cover_greedy
from .halo import cover_halo as cover_halo
from .iterated_greedy import cover_iterated_greedy as cover_iterated_greedy
from .ladder import minimum_box_counts as minimum_box_counts
from .max_cover import cover_max_cover as cover_max_cover
from .mcwr import cover_mcwr as cover_mcwr
from .memb import cover_memb as cover_memb
from .merge import cover_merge as cover_merge
from .methods import METHODS as METHODS, Method as Method
from .obca import cover_obca as cover_obca
from .optimum import cover_optimum as cover_optimum, minimum_box_cover as minimum_box_cover
from .random_sequential import cover_random_sequential as cover_random_sequential
from .remcc import cover_remcc as cover_remcc
from .renormalization import (
    RenormalizationFlow as RenormalizationFlow,
    renormalization_flow as renormalization_flow,
    renormalize as renormalize,
)
from .sampling import cover_sampling as cover_sampling
from .sketch import cover_sketch as cover_sketch
from .swarm import cover_swarm as cover_swarm
