"""R and S put together, the face recogniser F beside them, and both applied to many images."""
