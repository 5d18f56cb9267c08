from .colors import box_colors as box_colors
from .colors import value_colors as value_colors
from .gexf import read_gexf as read_gexf
from .gexf import write_gexf as write_gexf
from .graphml import read_graphml as read_graphml
from .graphml import write_graphml as write_graphml
from .tables import write_rows as write_rows
