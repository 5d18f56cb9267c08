"""What every room uses: checks, randomness, progress, threads, files."""
