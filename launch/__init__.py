"""What `make run` does around Django: folders, keys, processes, the first engine to look at."""
