"""The methods, each after its section: the misfit prior (Sec. 3.4), fits to single images and to true masks."""
