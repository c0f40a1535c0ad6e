"""Grades deep-learning notebooks: student code computes, the grader judges outside of it."""
