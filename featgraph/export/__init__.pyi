from .colors import box_colors as box_colors
from .colors import value_colors as value_colors
