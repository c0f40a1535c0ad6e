"""Files that run inside the box, as files; they import nothing of grader."""
