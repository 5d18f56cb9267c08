from .add_box_labels import AddBoxLabels as AddBoxLabels
from .analysis import (
    BoxAnalysis as BoxAnalysis,
    analyze_boxes as analyze_boxes,
    box_diameters as box_diameters,
    cover_hubs as cover_hubs,
)
from .api import (
    box_counts as box_counts,
    box_cover as box_cover,
    describe_method as describe_method,
)
from .bounds import box_lower_bound as box_lower_bound, box_lower_bounds as box_lower_bounds
from .counts import BoxCounts as BoxCounts
from .cover import BoxCover as BoxCover
from .methods import METHODS as METHODS, Method as Method, Option as Option
from .minimum import (
    minimum_box_counts as minimum_box_counts,
    minimum_box_cover as minimum_box_cover,
)
from .renormalization import (
    RenormalizationFlow as RenormalizationFlow,
    renormalization_flow as renormalization_flow,
    renormalize as renormalize,
)
