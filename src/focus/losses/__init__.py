"""The losses: the equations, one short function each. Their names in the settings: `focus.settings.terms`."""
