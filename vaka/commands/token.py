"""`vaka token`."""

from argparse import ArgumentParser, Namespace

from vaka.commands import Refused
from vaka.settings import Settings

ROLES = ("staff", "manager", "operator", "followup", "admin", "auditor", "relative")


def add_arguments(parser: ArgumentParser, name: str) -> None:
    parser.add_argument("--role", required=True, choices=ROLES, help="what it may do")
    parser.add_argument("--tenant", metavar="T", help="only for this municipality")
    parser.add_argument("--unit", metavar="U", help="only for this unit; needs --tenant")


async def run(options: Namespace, settings: Settings) -> None:
    import psycopg

    from store.people import Role, create_token
    from store.pool import connect
    from vaka.context import NothingRuns, attached

    if options.unit and not options.tenant:
        raise Refused("--unit needs --tenant")
    try:
        context = attached(settings)
        async with await connect(context.database_url) as connection:
            secret = await create_token(connection, Role(options.role), options.tenant, options.unit, context.wall())
    except NothingRuns as error:
        raise Refused(str(error)) from error
    except psycopg.errors.ForeignKeyViolation as error:
        raise Refused(f"there is no such tenant or unit: {error.diag.message_detail}") from error
    print(secret)
