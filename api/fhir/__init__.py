"""FHIR R4 for record systems: what Vaka knows, told as `docs/fhir.md` says. One file for each resource."""
