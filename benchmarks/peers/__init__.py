"""One file per topic with a row per package and measure, for ``beside_others.py``."""
