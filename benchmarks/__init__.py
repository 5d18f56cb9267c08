"""Every claim of speed or quality, as a script; ``reproduce`` recomputes published results."""
