"""One file for each payload family; each turns topic and payload into an observation, or says why not."""
