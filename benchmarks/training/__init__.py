"""Steps, memory and throughput of training, and the exported network."""
