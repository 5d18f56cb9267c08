"""How the smallest number of boxes is found and proven; used by optimum, bounds, iterated_greedy.

clock (time limits), domination (reductions), cliques (all maximal boxes), prices (certified lower
bounds), row_weighting (search for small covers), highs (linear and integer programmes), set_cover
and clique_cover (the two problems, part by part).
"""
