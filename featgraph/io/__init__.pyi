from .colors import box_colors as box_colors, value_colors as value_colors
from .cytoscape import write_cytoscape as write_cytoscape
from .dot import write_dot as write_dot
from .dynamic_gexf import (
    read_dynamic_gexf as read_dynamic_gexf,
    write_dynamic_gexf as write_dynamic_gexf,
)
from .files import (
    read_gexf as read_gexf,
    read_graph as read_graph,
    read_graphml as read_graphml,
    write_graph as write_graph,
)
from .frames import (
    graph_tables as graph_tables,
    read_tables as read_tables,
    write_tables as write_tables,
)
from .gexf import write_gexf as write_gexf
from .graphml import write_graphml as write_graphml
from .tables import write_rows as write_rows
