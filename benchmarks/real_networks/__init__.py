"""SS_rate of networks that others trained, untrained and trained: formula, boxes, loud neurons."""
