"""All SQL: migrations, and one file of named queries for each thing that is kept."""
