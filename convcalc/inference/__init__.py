"""A network with numbers: its parameters, and a forward pass through what its trace holds."""
