"""Side-by-side measurements that print the tables of benchmarks/README.md."""
