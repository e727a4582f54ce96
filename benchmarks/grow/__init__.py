"""A trained pipeline gets a task more, or labels more: what it learns, and what it forgets."""
