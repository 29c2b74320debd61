"""Tables, claims and figures: what a reader of the paper sees, made from per-image results alone."""
