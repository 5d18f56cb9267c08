from .analysis import (
    BoxAnalysis as BoxAnalysis,
    analyze_boxes as analyze_boxes,
    box_diameters as box_diameters,
)
from .api import box_counts as box_counts, box_cover as box_cover
from .bounds import lower_bound as lower_bound, lower_bounds as lower_bounds
from .counts import BoxCounts as BoxCounts
from .cover import BoxCover as BoxCover
from .methods import METHODS as METHODS, Method as Method
from .methods.annealing import cover_annealing as cover_annealing
from .methods.auto import cover_auto as cover_auto
from .methods.best import cover_best as cover_best
from .methods.cbb import cover_cbb as cover_cbb
from .methods.cluster_growing import cover_cluster_growing as cover_cluster_growing
from .methods.evolution import cover_evolution as cover_evolution
from .methods.fnb import cover_fnb as cover_fnb, cover_hubs as cover_hubs
from .methods.fuzzy import count_fuzzy as count_fuzzy
from .methods.greedy import cover_greedy as cover_greedy
from .methods.halo import cover_halo as cover_halo
from .methods.iterated_greedy import cover_iterated_greedy as cover_iterated_greedy
from .methods.max_cover import cover_max_cover as cover_max_cover
from .methods.mcwr import cover_mcwr as cover_mcwr
from .methods.memb import cover_memb as cover_memb
from .methods.merge import cover_merge as cover_merge
from .methods.obca import cover_obca as cover_obca
from .methods.optimum import cover_optimum as cover_optimum, minimum_box_cover as minimum_box_cover
from .methods.random_sequential import cover_random_sequential as cover_random_sequential
from .methods.remcc import cover_remcc as cover_remcc
from .methods.sampling import cover_sampling as cover_sampling
from .methods.sketch import cover_sketch as cover_sketch
from .methods.swarm import cover_swarm as cover_swarm
from .minimum_counts import minimum_box_counts as minimum_box_counts
from .renormalization import (
    RenormalizationFlow as RenormalizationFlow,
    renormalization_flow as renormalization_flow,
    renormalize as renormalize,
)
