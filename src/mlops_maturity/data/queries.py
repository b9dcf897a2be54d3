"""From a query to a table: the rows of any database that SQLAlchemy knows, in the few types of a project's table."""

import os
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from mlops_maturity.data import tables
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.sources import NotAtHandError, missing

CAST_IT = "cast it to a plain type in the query"
ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)


def database(variable: str) -> str:
    """The URL of a database, which an environment variable names: it holds a password, and so is in no file.

    Args:
        variable: its name; its value is as in `postgresql+psycopg://user:password@host/database?sslmode=verify-full`.

    Raises:
        NotAtHandError: it is not set.
    """
    url = os.environ.get(variable)
    if not url:
        raise NotAtHandError(f"{variable} is not set; give it the URL of the database, postgresql+psycopg://... say")
    return url


def read_query(query: str, url: str) -> pd.DataFrame:
    """The rows of a query, which must say their order: else the same rows would be other data on each run.

    Args:
        query: in SQL.
        url: of the database, as SQLAlchemy writes it: of `database`, or `sqlite:///data/raw/shop.sqlite`.

    Raises:
        NotAtHandError: the database cannot be reached.
        ProjectError: the query has no ORDER BY or fails, or a column of it has a type that a table cannot have.
    """
    if not ORDERED.search(query):
        raise ProjectError("a query has no ORDER BY: its rows would come in any order, and no run could be repeated")
    try:
        place = make_url(url)
    except ArgumentError:
        raise ProjectError("the URL of a database must be like postgresql+psycopg://... or sqlite:///file") from None
    if place.get_backend_name() == "sqlite" and not Path(str(place.database)).exists():
        raise NotAtHandError(missing(Path(str(place.database))))
    engine = create_engine(place)
    try:
        with engine.connect() as connection:
            found = connection.exec_driver_sql(query)
            frame = pd.DataFrame.from_records(found.fetchall(), columns=list(found.keys()), coerce_float=True)
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        if place.get_backend_name() == "sqlite":  # which has no server that may be away
            raise ProjectError(f"{place.database}: {reason}") from None
        raise NotAtHandError(f"{place.render_as_string()} cannot be reached: {reason}") from None
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        raise ProjectError(f"{place.render_as_string()} refuses the query: {reason}") from None
    except pa.ArrowException as error:
        raise ProjectError(f"{' '.join(str(error).split())}; {CAST_IT}") from None
    finally:
        engine.dispose()
    for field in table.schema:
        if (
            pa.types.is_nested(field.type)
            or pa.types.is_binary(field.type)
            or isinstance(field.type, pa.BaseExtensionType)
        ):
            raise ProjectError(f"the column {field.name!r} holds {field.type}; {CAST_IT}")
    return tables.plain(table)
