"""Where the mask M of an image comes from: sources, looked up by name."""
