from .colors import box_colors as box_colors, value_colors as value_colors
from .dynamic_gexf import (
    read_dynamic_gexf as read_dynamic_gexf,
    write_dynamic_gexf as write_dynamic_gexf,
)
from .files import read_graph as read_graph
from .gexf import read_gexf as read_gexf, write_gexf as write_gexf
from .graphml import read_graphml as read_graphml, write_graphml as write_graphml
from .tables import write_rows as write_rows
