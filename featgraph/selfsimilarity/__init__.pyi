from .estimators import ESTIMATORS as ESTIMATORS
from .estimators import Estimator as Estimator
from .grid import theta_grid as theta_grid
from .numbers import box_number as box_number
from .numbers import count_boxes as count_boxes
from .rate import ss_rate as ss_rate
