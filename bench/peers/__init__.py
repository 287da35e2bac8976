"""The servers of the warm table, each started as it is by those who run it for others."""
