"""Checks that the features of published architectures are means over the right axis."""
