"""Hours of runs over networks and machines that fail, each checked against what its hosts have: `-m tests.soak`."""
