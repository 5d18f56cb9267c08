"""How the smallest number of boxes is found and proven.

clock (time limits), reductions and domination (what need not be looked at), cliques (all maximal
boxes), prices and packing (certified lower bounds), max_weight_clique, grown_cliques and columns
(boxes that lower the linear programme), row_weighting and iterated_greedy (search), highs (integer
programmes), narrow_graphs, sweeps and regions (dynamic programming, of whole graphs and of parts
where boxes do not fit), clique_cover and set_cover (all of it for diameter and for radius boxes),
problem (in parts, within one time limit).
"""
