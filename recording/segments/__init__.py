"""The index of the footage on disk: one row for each file, brought in line with the files by three ways in."""
