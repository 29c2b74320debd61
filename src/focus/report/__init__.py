"""Tables, claims and pictures: what a reader of the paper sees, made from per-image results alone."""
