"""Side-by-side measurements that print the tables of the README."""
