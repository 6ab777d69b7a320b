"""Which exceptions mean that the database cannot be reached now, so that asking again later makes sense."""

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests

DATABASE_DOWN: tuple[type[Exception], ...] = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    PoolTimeout,
    TooManyRequests,
)
