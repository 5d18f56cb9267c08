"""METHODS: the table of box-covering algorithms, one row each. Light: it loads no algorithm."""

from __future__ import annotations

from featgraph.boxes.methods.method import KIND, TIES, Method, Option

__all__ = ["METHODS"]

SONG = "Song, Gallos, Havlin & Makse 2007, J. Stat. Mech. P03006"
SONG_DOI = "10.1088/1742-5468/2007/03/P03006"
KIM = "Kim, Goh, Kahng & Kim 2007, New J. Phys. 9:177"
KIM_DOI = "10.1088/1367-2630/9/6/177"
PAPER = "Ding et al. 2025, arXiv:2507.17785, Appendix A"
PAPER_DOI = "10.48550/arXiv.2507.17785"
LOCCI = "Locci, Concas, Tonelli & Turnu 2010, WSEAS Trans. Inf. Sci. Appl. 7:371"

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
        (
            Option(
                "order",
                "str",
                "random",
                "order of the nodes: 'index' as numbered, 'degree' by rising degree with ties at "
                "random, 'smallest_last' and 'dsatur' by who is within the size of whom; an array "
                "names every node once by its index",
                choices=("random", "index", "degree", "smallest_last", "dsatur"),
                per_node=True,
            ),
        ),
        one_pass=True,
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
        (TIES,),
    ),
    Method(
        "max_cover",
        "radius",
        "the ball with most uncovered nodes, until all are covered (greedy set cover)",
        PAPER,
        PAPER_DOI,
        "a few times O(n b) time, O(n) memory",
        "the centres of memb where connected boxes are not needed",
        (TIES,),
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
        (
            Option(
                "seeds",
                "str",
                "uncovered",
                "which node is next: 'uncovered' a random one not covered yet; 'any' a random "
                "one, covered or not, whose ball holds something uncovered, as published",
                choices=("uncovered", "any"),
            ),
        ),
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
        "greedy again and again with whole boxes kept together, largest first, reversed or "
        "shuffled; the count never rises",
        "Culberson 1992, TR 92-07, University of Alberta; Culberson & Luo 1996",
        "10.1090/dimacs/026/12",
        "O(n b) for each of the iterations, O(n b) memory",
        "the fewest boxes in seconds; proven smallest for most sizes of most small networks",
        (
            Option("iterations", "int", 10_000, "most passes"),
            Option("patience", "int", 1_000, "passes in a row without a gain that end it", least=1),
            Option(
                "reduce",
                "bool",
                True,
                "first take out nodes that can always join the box of another; the minimum stays",
            ),
            Option(
                "time_limit",
                "float",
                None,
                "seconds after which the best cover so far is returned; only without it does the "
                "result depend on rng alone",
                none=True,
            ),
        ),
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
        (
            KIND,
            Option("time_limit", "float", 30.0, "seconds per size; None: until proven", none=True),
        ),
    ),
    Method(
        "mcwr",
        "radius",
        "memb with probability p, otherwise a random centre that covers something new",
        "Liao, Wu, Wang, Wu & Zhou 2019, Physica A 523:954",
        None,
        "O(n b) time, O(n) memory",
        "faster than memb by definition, not here; for comparison with the literature",
        (
            Option(
                "p",
                "float",
                0.75,
                "probability of a centre of maximum excluded mass: 1 is memb with random ties, 0 "
                "draws all centres",
                most=1,
            ),
        ),
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
        one_pass=True,
    ),
    Method(
        "annealing",
        "diameter",
        "simulated annealing of the merged cover: nodes move, boxes split and merge",
        LOCCI,
        None,
        "O(steps moves b) time after merge, O(n b) memory",
        "comparison with the literature; iterated_greedy is better in the same time",
        (
            Option(
                "moves",
                "int",
                5000,
                "moves per step, out of twice as many trials; as in the comparative study of "
                "Kovács et al. 2021",
            ),
            Option("splits", "int", 5, "splits per step, out of twice as many trials"),
            Option("steps", "int", 20, "number of steps"),
            Option("temperature", "float", 0.6, "T of the first step, in boxes", above=True),
            Option("cooling", "float", 0.995, "factor of T after each step", most=1),
        ),
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
        (
            Option(
                "population",
                "int",
                40,
                "number of vectors; as in the comparative study of Kovács et al. 2021",
                least=4,
            ),
            Option("generations", "int", 30, "number of generations; 30 and 70 in that study"),
            Option("scale", "float", 0.9, "weight of the difference; F in the paper", above=True),
            Option(
                "crossover",
                "float",
                0.85,
                "probability of each place of the rival to come from the mutant; CR in the paper",
                most=1,
            ),
        ),
    ),
    Method(
        "swarm",
        "diameter",
        "discrete particle swarm: nodes of many covers drift into neighbouring boxes",
        "Kuang, Wang, Li, Mao, Lin & Yu 2015, IEEE Congress on Evolutionary Computation 1396",
        None,
        "O(particles steps n b) time, O(n b) memory",
        "small networks, comparison with the literature",
        (
            Option(
                "particles",
                "int",
                20,
                "number of covers; 99 in the comparative study of Kovács et al. 2021",
                least=1,
            ),
            Option("steps", "int", 100, "number of steps; 200 and 1000 in that study"),
            Option(
                "attraction",
                "float",
                1.494,
                "c, the pull of the best covers; c₁ = c₂ in the paper",
                above=True,
            ),
        ),
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
        (
            Option(
                "boxes",
                "str",
                "maximal",
                "boxes drawn: diameter boxes, or radius boxes",
                choices=("maximal", "random_sequential"),
                boxes={"maximal": "diameter", "random_sequential": "radius"},
            ),
            Option(
                "strategy",
                "str",
                "small_first",
                "'small_first': by rising number of uncovered nodes, each box is dropped unless "
                "it alone still holds some node; 'big_first': the box with most uncovered nodes "
                "is next",
                choices=("small_first", "big_first"),
            ),
            Option(
                "n_samples",
                "int",
                10,
                "sampling density; 10 and 40 in the comparative study of Kovács et al. 2021",
                least=1,
            ),
        ),
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
        one_pass=True,
    ),
    Method(
        "sketch",
        "radius",
        "near-greedy cover by balls whose gains are estimated from bottom-k min-hash sketches",
        "Akiba, Nakamura & Takaguchi 2016, IEEE ICDM 769",
        "10.1109/ICDM.2016.0088",
        "O(size m k) time for each of some log(largest ball) rounds, O(n k + m) memory",
        "millions of nodes, or balls so large that memb takes too long",
        (
            Option(
                "k",
                "int",
                16,
                "nodes per sketch; more give fewer boxes, up to those of memb",
                least=2,
            ),
        ),
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
        (KIND,),
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
        (
            KIND,
            Option(
                "time_limit",
                "float",
                10.0,
                "seconds per size; the first quick cover is always finished. A cover cut short by "
                "time need not repeat with the same rng",
            ),
        ),
    ),
)

METHODS: dict[str, Method] = {row.name: row for row in _ROWS}
