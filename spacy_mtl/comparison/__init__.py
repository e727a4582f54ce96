"""Does sharing pay? Joint training compared with each task alone, and affinities of tasks."""
