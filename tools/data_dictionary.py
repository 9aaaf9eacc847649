"""`make docs`: the published tables, column by column, from the database's comments; one page, no network."""

import html
import sys

from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

COLUMNS = """
select c.relname, coalesce(obj_description(c.oid), ''), a.attname, format_type(a.atttypid, a.atttypmod),
       coalesce(col_description(c.oid, a.attnum), '')
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'opinion'::regnamespace and c.relkind = 'v'
order by c.relname, a.attnum
"""
STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto}"
    "td{padding:.2em .8em .2em 0;vertical-align:top}"
)

settings = Settings()
with connect(settings, "admin") as connection:
    rows = connection.execute(COLUMNS).fetchall()
if not rows:
    sys.exit("nothing is published yet; run `make nightly` first")
parts = [
    f"<!doctype html><meta charset=utf-8><title>Data dictionary</title><style>{STYLE}</style>",
    "<h1>Schema opinion</h1>",
]
table = ""
for name, about, column, kind, comment in rows:
    if name != table:
        parts.append(
            f"{'</table>' if table else ''}<h2 id={name}>{name}</h2><p>{html.escape(about)}</p><table>"
        )
        table = name
    parts.append(f"<tr><td><code>{column}</code><td>{html.escape(kind)}<td>{html.escape(comment)}")
path = settings.home_dir / "docs" / "index.html"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text("\n".join([*parts, "</table>"]), encoding="utf-8")
print(path)
