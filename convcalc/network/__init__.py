"""Networks: layers, what they hold and cost, and how they are read. Plain ints; no numpy."""
