"""One file a tool: how it is told to do a workload, and how one sees from what it said that it did."""
