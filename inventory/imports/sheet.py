"""The table of cameras as lines of text: written for a spreadsheet, read line by line, each mistake named. Pure."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import StringIO

from django.utils.translation import gettext as _

from cameras.models import Camera
from cameras.services import shown_source_url
from cities.spreadsheets import arm, disarm
from ffmpeg.errors import UnsafeSource
from ffmpeg.sources import SourceUrl, parse_source_url

MOST_LINES = 1000
COLUMNS = ("name", "location", "source_url", "username", "password")
_EXPORTED = ("name", "location", "source_url", "state", "recording", "media_server", "id")
_ALIASES = {
    "nome": "name",
    "local": "location",
    "localização": "location",
    "endereço": "source_url",
    "endereco": "source_url",
    "url": "source_url",
    "usuário": "username",
    "usuario": "username",
    "user": "username",
    "senha": "password",
}
_LONGEST = {"name": 120, "location": 200, "source_url": 2000, "username": 255, "password": 255}


@dataclass(frozen=True)
class Line:
    """One camera of the table; what is empty says nothing. `source` holds credentials and is never shown."""

    number: int
    name: str
    location: str
    source: SourceUrl | None


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a line (0: with the table), in which column, with the remedy."""

    line: int
    field: str
    text: str


@dataclass(frozen=True)
class Sheet:
    """The lines that can be read, and the mistakes of the others."""

    lines: tuple[Line, ...]
    mistakes: tuple[Mistake, ...]


def write_sheet(cameras: Iterable[Camera]) -> str:
    """Give a line for each camera below the names of the columns: no credentials, and no formulas."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(_EXPORTED)
    for camera in cameras:
        told = (camera.name, camera.location, shown_source_url(camera))
        fixed = (
            camera.state.value,
            "on" if camera.recording_enabled else "off",
            disarm(camera.media_server.name),
            camera.pk,
        )
        writer.writerow([*(disarm(each) for each in told), *fixed])
    return text.getvalue()


def read_sheet(text: str) -> Sheet:
    """Read the table: columns by the names in its first line, commas, semicolons or tabs between."""
    try:
        rows = [(number, row) for number, row in _read_rows(text.removeprefix("\ufeff")) if any(map(str.strip, row))]
    except csv.Error:
        return Sheet((), (Mistake(0, "", _("This is no table of lines; save it as CSV and paste that.")),))
    if not rows:
        return Sheet((), (Mistake(0, "", _("The table is empty: paste it with a first line that names its columns.")),))
    head = [_ALIASES.get(name.strip().lower(), name.strip().lower()) for name in rows[0][1]]
    if wrong := _judge_head(head, len(rows) - 1):
        return Sheet((), (wrong,))
    lines: list[Line] = []
    mistakes: list[Mistake] = []
    for number, row in rows[1:]:
        found = _read_line(number, dict(zip(head, (cell.strip() for cell in row), strict=False)))
        if isinstance(found, Line):
            lines.append(found)
        else:
            mistakes.append(found)
    return Sheet(tuple(lines), (*mistakes, *_find_twins(lines)))


def _read_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.lstrip("\r\n").partition("\n")[0]
    between = max(",;\t", key=first.count)
    reader = csv.reader(StringIO(text.replace("\r\n", "\n").replace("\r", "\n")), delimiter=between, strict=False)
    csv.field_size_limit(2**20)
    for row in reader:
        yield reader.line_num, row


def _judge_head(head: list[str], count: int) -> Mistake | None:
    if "name" not in head:
        wanted = ", ".join(COLUMNS)
        return Mistake(0, "name", _("The first line must name the columns: %(columns)s.") % {"columns": wanted})
    if twice := next((name for name in COLUMNS if head.count(name) > 1), ""):
        return Mistake(0, twice, _("This column is there twice; leave one."))
    if count > MOST_LINES:
        return Mistake(0, "", _("There are more than %(most)d cameras; import fewer at once.") % {"most": MOST_LINES})
    return None


def _read_line(number: int, cells: Mapping[str, str]) -> Line | Mistake:
    given = {name: cells.get(name, "") for name in COLUMNS}
    # What is never exported was never disarmed either: a password stays as it is.
    told = given | {name: arm(given[name]) for name in COLUMNS if name in _EXPORTED}
    for name, value in told.items():
        if len(value) > _LONGEST[name]:
            text = _("This is longer than %(most)d characters; shorten it.") % {"most": _LONGEST[name]}
            return Mistake(number, name, text)
        if not value.isprintable():
            return Mistake(number, name, _("There is an invisible or broken character; type it again."))
    if not told["name"]:
        return Mistake(number, "name", _("A camera needs a name."))
    return _read_source(number, told)


def _read_source(number: int, told: Mapping[str, str]) -> Line | Mistake:
    line = Line(number, told["name"], told["location"], None)
    if not told["source_url"]:
        if told["username"] or told["password"]:
            text = _("There is a user name or password without an address; write the camera's address.")
            return Mistake(number, "source_url", text)
        return line
    try:
        source = parse_source_url(told["source_url"])
        if told["username"] or told["password"]:
            source = parse_source_url(add_credentials(source, told["username"], told["password"]).full)
    except UnsafeSource as error:
        return Mistake(number, "source_url", _(str(error)))
    if "***" in {source.username, source.password}:
        text = _("The address holds *** in place of a secret, which we do not repeat: type the whole address again.")
        return Mistake(number, "source_url", text)
    return replace(line, source=source)


def add_credentials(source: SourceUrl, username: str, password: str) -> SourceUrl:
    """Give the address with this user name and password in place of any that it had."""
    return replace(source, username=username, password=password)


def _find_twins(lines: Iterable[Line]) -> Iterator[Mistake]:
    seen: dict[str, int] = {}
    for line in lines:
        first = seen.setdefault(line.name.lower(), line.number)
        if first != line.number:
            text = _("Line %(line)d has the same name; names are unique in a city.") % {"line": first}
            yield Mistake(line.number, "name", text)
