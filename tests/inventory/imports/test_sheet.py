"""Reading a table: every mistake by its line, its column and its remedy."""

import pytest

from inventory.imports.sheet import MOST_LINES, read_sheet


def said(text: str) -> list[tuple[int, str, str]]:
    return [(mistake.line, mistake.field, mistake.text) for mistake in read_sheet(text).mistakes]


def test_lines_are_read_by_the_names_of_their_columns() -> None:
    sheet = read_sheet("source_url,name,remark\nrtsp://10.0.0.5/live,North gate,nice\n\n,Town hall,\n")
    assert sheet.mistakes == ()
    assert [(line.number, line.name, str(line.source)) for line in sheet.lines] == [
        (2, "North gate", "rtsp://10.0.0.5/live"),
        (4, "Town hall", "None"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffname;location;source_url\r\nGate;Main street, 1;rtsp://10.0.0.5/live\r\n",
        'name,location,source_url\nGate,"Main street, 1",rtsp://10.0.0.5/live',
        "nome\tlocal\tendereço\nGate\tMain street, 1\trtsp://10.0.0.5/live",
    ],
)
def test_a_table_of_any_spreadsheet_is_read(text: str) -> None:
    (line,) = read_sheet(text).lines
    assert (line.name, line.location, str(line.source)) == ("Gate", "Main street, 1", "rtsp://10.0.0.5/live")


def test_credentials_in_their_own_columns_replace_those_of_the_address() -> None:
    text = "name,source_url,username,password\nGate,rtsp://old:older@10.0.0.5/live,admin,p@ss/word\n"
    (line,) = read_sheet(text).lines
    assert line.source is not None
    assert line.source.full == "rtsp://admin:p%40ss%2Fword@10.0.0.5/live"
    assert "p@ss" not in repr(line)


def test_what_the_export_disarmed_is_read_as_it_was() -> None:
    (line,) = read_sheet("name,location\n'=gate,North;'-1").lines
    assert (line.name, line.location) == ("=gate", "North;-1")


def test_a_password_that_looks_disarmed_is_none() -> None:
    (line,) = read_sheet("name,source_url,username,password\nGate,rtsp://10.0.0.5/live,admin,'=x").lines
    assert line.source is not None
    assert line.source.password == "'=x"


@pytest.mark.parametrize(
    ("text", "line", "field", "words"),
    [
        ("", 0, "", "The table is empty"),
        ("\n \n", 0, "", "The table is empty"),
        ("place\nhere", 0, "name", "The first line must name the columns"),
        ("name,name\na,b", 0, "name", "This column is there twice"),
        ("name,location\n,here", 2, "name", "A camera needs a name."),
        (f"name\n{'x' * 121}", 2, "name", "This is longer than 120 characters"),
        ("name\nbad\x07bell", 2, "name", "There is an invisible or broken character"),
        ("name,source_url\nGate,ftp://10.0.0.5/", 2, "source_url", "ftp: is not allowed"),
        ("name,source_url\nGate,rtsp://a b", 2, "source_url", "The address contains a blank"),
        ("name,source_url\nGate,rtsp://***:***@10.0.0.5/", 2, "source_url", "The address holds ***"),
        ("name,password\nGate,secret", 2, "source_url", "There is a user name or password without an address"),
        ("name\nGate\nGATE", 3, "name", "Line 2 has the same name"),
        ("name\n" + "Gate\n" * (MOST_LINES + 1), 0, "", "There are more than 1000 cameras"),
    ],
)
def test_a_mistake_names_line_column_and_remedy(text: str, line: int, field: str, words: str) -> None:
    found_line, found_field, found_text = said(text)[0]
    assert (found_line, found_field, found_text[: len(words)]) == (line, field, words)


def test_no_mistake_repeats_a_password() -> None:
    text = "name,source_url,password\nGate,rtsp://10.0.0.5:99999/,sesame\nHall,http://a:sesame@b@c/,"
    assert len(said(text)) == 2
    assert "sesame" not in str(said(text))
