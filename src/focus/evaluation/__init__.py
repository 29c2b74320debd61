"""Scores: image fitting (Table 1), shape on the NoW benchmark (Tables 2 and 3), segmentation (Tables 4 and 5)."""
