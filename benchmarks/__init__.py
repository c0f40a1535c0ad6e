"""Speed and memory of the grader, measured, and beside those of other graders."""
