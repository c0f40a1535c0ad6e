"""Grades deep-learning notebooks: student code computes in a sandbox, the grader judges outside it."""
