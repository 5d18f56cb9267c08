"""METHODS: the table of box-covering algorithms. Light: importing it loads no compiled code.

A row is all that the front doors, the command line, the docs and the benchmarks know of a
method; the function itself is ``featgraph.boxes.<name>.cover_<name>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["METHODS", "Method"]


@dataclass(frozen=True)
class Method:
    """One row of METHODS.

    Parameters
    ----------
    name : str
        Key of the row, file of the algorithm, and ending of its function.
    box : {"diameter", "radius", "none"}
        What its size bounds by default: distances between members, distances from a centre,
        or nothing because the method counts without boxes.
    summary : str
        Definition in one line.
    source : str
        Paper it follows.
    doi : str or None
        Digital object identifier, or another stable address, of the paper.
    cost : str
        Time and memory; b is the mean number of nodes within one box size of a node.
    advice : str
        When to use it.
    weighted : bool, default=True
        Whether it takes real-valued sizes on weighted graphs.
    per_node : bool, default=True
        Whether it looks around every node, so that large sizes of large graphs take long.
    random : bool, default=True
        Whether repeated runs with different seeds differ.
    kind_option : pair of str and mapping, optional
        Name of an option that changes ``box``, and the kind for each of its values.

    Examples
    --------
    >>> METHODS["greedy"].box
    'diameter'
    """

    name: str
    box: str
    summary: str
    source: str
    doi: str | None
    cost: str
    advice: str
    weighted: bool = True
    per_node: bool = True
    random: bool = True
    kind_option: tuple[str, Mapping[str, str]] | None = None


SONG = "Song, Gallos, Havlin & Makse 2007, J. Stat. Mech. P03006"
SONG_DOI = "10.1088/1742-5468/2007/03/P03006"
KIM = "Kim, Goh, Kahng & Kim 2007, New J. Phys. 9:177"
KIM_DOI = "10.1088/1367-2630/9/6/177"
PAPER = "Ding et al. 2025, arXiv:2507.17785, Appendix A"
PAPER_DOI = "10.48550/arXiv.2507.17785"

LOCCI = "Locci, Concas, Tonelli & Turnu 2010, WSEAS Trans. Inf. Sci. Appl. 7:371"
KIND = ("kind", {"diameter": "diameter", "radius": "radius"})

_ROWS = (
    Method(
        "greedy",
        "diameter",
        "nodes in a given order, each into the lowest-numbered box whose members are all within "
        "the size: greedy colouring of the graph of pairs farther apart",
        SONG,
        SONG_DOI,
        "O(n b) time for each size, O(n) memory",
        "the fast standard; order='dsatur' or 'smallest_last' for fewer boxes",
    ),
    Method(
        "cbb",
        "diameter",
        "a box starts from all uncovered nodes as candidates; a random candidate joins and only "
        "those within the size of it remain, until none is left",
        SONG,
        SONG_DOI,
        "O(n b) time for each size, O(n) memory",
        "as fast as greedy and about as good; boxes are compact",
    ),
    Method(
        "memb",
        "radius",
        "next centre: the node with most uncovered nodes within the radius; then every node "
        "joins a centre along falling central distance, so boxes are connected",
        SONG,
        SONG_DOI,
        "a few times O(n b) time, O(n) memory",
        "networks with hubs, and wherever boxes must be connected",
    ),
    Method(
        "max_cover",
        "radius",
        "the ball with most uncovered nodes, until all are covered (greedy set cover)",
        PAPER,
        PAPER_DOI,
        "a few times O(n b) time, O(n) memory",
        "the centres of memb where connected boxes are not needed",
    ),
    Method(
        "cluster_growing",
        "radius",
        "random uncovered seed; its ball minus what is covered is a box",
        PAPER,
        PAPER_DOI,
        "O(n_boxes b) time, O(n) memory",
        "random_sequential under the source paper's name",
        per_node=False,
    ),
    Method(
        "random_sequential",
        "radius",
        "random uncovered seed; its ball minus what is covered is a box (option: any seed, as "
        "published)",
        KIM,
        KIM_DOI,
        "O(n_boxes b) time, O(n) memory",
        "graphs of millions of nodes; needs two to three times more boxes than memb",
        per_node=False,
    ),
    Method(
        "remcc",
        "radius",
        "like memb, but only uncovered nodes become centres, by excluded mass × mean distance",
        "Zheng, Pan, Sun, Deng, Zhao & Kang 2016, Chinese Phys. Lett. 33:038901",
        "10.1088/0256-307X/33/3/038901",
        "memb and all distances once: O(n m / 64) times the diameter, O(n) memory",
        "comparison with the literature; centres at the rim need more boxes than memb",
    ),
    Method(
        "iterated_greedy",
        "diameter",
        "first fit again and again, box after box of the last cover: reversed, shuffled or "
        "largest first; the count never rises",
        "Culberson 1992, Iterated greedy graph coloring, TR 92-07, University of Alberta",
        None,
        "O(n b) time per pass, O(n b) memory",
        "the fewest boxes in seconds; optimum also proves them",
    ),
    Method(
        "optimum",
        "diameter",
        "the smallest number of boxes of either kind with a certified lower bound: reductions, "
        "local search, prices, integer programming",
        "Strash & Thompson 2022 (reductions), Mehrotra & Trick 1996 (prices), HiGHS",
        "10.1137/1.9781611977042.4",
        "O(n b) memory; seconds for most real networks, else until the time limit",
        "wherever the pairs within one size fit into memory; kind='radius' for balls",
    ),
    Method(
        "mcwr",
        "radius",
        "memb with probability p, otherwise a random centre that covers something new",
        "Liao, Wu, Wang, Wu & Zhou 2019, Physica A 523:954",
        None,
        "O(n b) time, O(n) memory",
        "faster than memb by definition, not here; for comparison with the literature",
    ),
    Method(
        "merge",
        "diameter",
        "sizes 1, 2, …: each box once unites with a random one if the union keeps within the "
        "size; covers are nested",
        LOCCI,
        None,
        "O(n b) time for each size up to the one asked for, O(n b) memory",
        "nested covers of all sizes from one run",
    ),
    Method(
        "annealing",
        "diameter",
        "simulated annealing of the merged cover: nodes move, boxes split and merge",
        LOCCI,
        None,
        "O(steps moves b) time after merge, O(n b) memory",
        "comparison with the literature; iterated_greedy is better in the same time",
    ),
    Method(
        "obca",
        "diameter",
        "seeds by rising degree, balls shrunk to boxes that may overlap; boxes made redundant by "
        "others are dropped",
        "Sun & Zhao 2014, Phys. Rev. E 89:042809",
        "10.1103/PhysRevE.89.042809",
        "O(n b) time and memory for the lists, O(n_boxes m b) for the boxes of m nodes",
        "the best of the quick methods on most networks; boxes overlap",
    ),
    Method(
        "evolution",
        "diameter",
        "differential evolution of the order in which greedy takes the nodes",
        "Kuang, Zhao, Wang, Li, Yu & Li 2014, IEEE Congress on Evolutionary Computation 693",
        None,
        "population × generations greedy covers, O(n b) memory",
        "small networks, comparison with the literature",
    ),
    Method(
        "swarm",
        "diameter",
        "discrete particle swarm: nodes of many covers drift into neighbouring boxes",
        "Kuang, Wang, Li, Mao, Lin & Yu 2015, IEEE Congress on Evolutionary Computation 1396",
        None,
        "O(particles steps n b) time, O(n b) memory",
        "small networks, comparison with the literature",
    ),
    Method(
        "sampling",
        "diameter",
        "many random boxes (maximal, or random sequential), chosen small-first or big-first until "
        "all is covered",
        "Wei et al. 2019, Chaos 29:063122",
        None,
        "O(n_samples n b) time, O(n_samples n + n b) memory",
        "better than greedy on many networks; strategy='big_first' with many samples",
        kind_option=("boxes", {"maximal": "diameter", "random_sequential": "radius"}),
    ),
    Method(
        "halo",
        "diameter",
        "balls of memb and compact boxes grown from uncovered seeds of lowest degree; small ones "
        "are removed first where redundant",
        "Guo, Zhou, Ruan, Zhang & Qi 2022, Chaos 32",
        "10.1063/5.0113001",
        "memb and O(n b) for the boxes, O(n b) memory",
        "quick and good, little affected by chance",
    ),
    Method(
        "iterated_greedy",
        "diameter",
        "greedy again and again with whole boxes kept together, largest first, reversed or "
        "shuffled; the count never rises",
        "Culberson 1992, TR 92-07, University of Alberta; Culberson & Luo 1996",
        "10.1090/dimacs/026/12",
        "O(n b) for each of the iterations, O(n b) memory",
        "the fewest boxes in seconds; proven smallest for most sizes of most small networks",
    ),
    Method(
        "optimum",
        "diameter",
        "smallest cover by reductions, search and integer programming, with a certified lower "
        "bound, within a time limit",
        "Strash & Thompson 2022 (reductions); Huangfu & Hall 2018 (HiGHS)",
        "10.1137/1.9781611977042.4",
        "up to the time limit, O(n b) memory",
        "when the number must be certain, or its distance from the optimum",
        kind_option=KIND,
    ),
    Method(
        "fnb",
        "radius",
        "hubs by falling degree until no node is farther than the radius from one; every node "
        "joins its nearest hub (graph Voronoi cells)",
        "Łepek et al. 2025, arXiv:2501.16030",
        "10.48550/arXiv.2501.16030",
        "O(n_boxes b) time, O(n) memory",
        "boxes of chosen number around hubs: cover_hubs",
        per_node=False,
    ),
    Method(
        "fuzzy",
        "none",
        "no boxes: 1/N = mean over ordered pairs of exp(-d²/ℓ²) where d ≤ ℓ",
        "Zhang, Hu, Lan, Mahadevan & Deng 2014, Applied Soft Computing 25:514",
        None,
        "one search per node for all sizes, O(n) memory",
        "a smooth count without chance; no covering, so bounds do not apply",
        random=False,
    ),
    Method(
        "sketch",
        "radius",
        "near-greedy cover by balls whose gains are estimated from bottom-k min-hash sketches",
        "Akiba, Nakamura & Takaguchi 2016, IEEE ICDM 769",
        "10.1109/ICDM.2016.0088",
        "O(size m k) time for each of some log(largest ball) rounds, O(n k + m) memory",
        "millions of nodes, or balls so large that memb takes too long",
        per_node=False,
    ),
    Method(
        "auto",
        "diameter",
        "chooses by number of nodes: iterated_greedy, greedy in DSATUR order or by degree; memb or "
        "sketch for radius boxes",
        "the methods chosen",
        None,
        "that of the method chosen",
        "when in doubt; the result says what was chosen",
        kind_option=KIND,
    ),
    Method(
        "best",
        "diameter",
        "portfolio of reductions, greedy orders and obca, ending in iterated greedy until the time "
        "is over; for radius boxes memb and the search behind optimum",
        "the methods tried",
        None,
        "up to the time limit, O(n b) memory",
        "the fewest boxes that a few seconds per size can find",
        kind_option=KIND,
    ),
)

METHODS: dict[str, Method] = {row.name: row for row in _ROWS}
