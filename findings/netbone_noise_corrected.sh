#!/bin/sh
# A null model that expects twice the weight there is.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkx==2.8.8 numpy==1.26.4 scipy==1.13.0 pandas==2.2.2 igraph==0.10.2 python-louvain==0.16 statsmodels==0.14.2 matplotlib==3.8.4 seaborn==0.13.2 tqdm==4.70.1
"$dir/venv/bin/python" -m pip install -q --no-deps netbone==0.2.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import contextlib
import io

import networkx as nx
from scipy.stats import binom

with contextlib.redirect_stdout(io.StringIO()):
    import netbone
    from netbone.filters import threshold_filter

graph = nx.complete_graph(6)
nx.set_edge_attributes(graph, 4, "weight")
found = {round(float(p), 2) for *_, p in netbone.noise_corrected(graph).graph.edges(data="p_value")}
total = 2 * graph.size("weight")  # of the matrix, where each link stands twice
expects = 20 * 20 / total
truth = round(float(binom.sf(4, total, expects / total)), 2)
twice = round(float(binom.sf(4, total / 2, 2 * expects / (total / 2))), 2)
seen = [sorted(found), truth, twice, round(15 * expects, 1), 15 * 4]
try:
    threshold_filter(netbone.noise_corrected(graph, approximation=False), 0.05, narrate=False)
    seen.append("no error")
except KeyError as error:
    seen.append(str(error))
expected = [[0.81], 0.24, 0.81, 50.0, 60, "'p_value'"]
print("netbone", version("netbone"))
print("In a complete graph of six with weights 4 each link has a p-value of 0.81; by Coscia and Neffke (2017) it is 0.24, with an expected weight of n_i n_j / n = 20 x 20 / 120. The sum n is that of the edges here, 60, though strengths count each of them twice, so that 6.67 is expected of a link and 100 of a graph of 60. With approximation=False no p-value is stored and both filters end in KeyError.")
print("seen:", seen)
sys.exit(seen != expected)
END
