"""Numbered migrations, run by Alembic. `*_before` runs before a deploy, `*_after` once no old process is left."""
