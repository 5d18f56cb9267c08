"""How the smallest number of boxes is found and proven.

clock (time limits), domination (reductions), cliques (all maximal boxes), lp_dual (certified lower
bounds), max_weight_clique and columns (boxes that lower the linear programme), row_weighting and
iterated_greedy (search), highs (integer programmes), problem (all of it in order).
"""
