"""The fair comparison: every evaluator on the same files, in turn, in one run (`make bench`)."""
