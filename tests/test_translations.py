"""Every text that people read is in the Brazilian Portuguese catalogue, translated, and nothing else is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
import unfold
from django.utils.translation import gettext, override
from django.utils.translation.template import templatize

from ffmpeg import failures, networks
from tests.test_house_rules import SOURCES
from vms.management.commands.compile_translations import compile_translation

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = polib.pofile(str(ROOT / "locale/pt_BR/LC_MESSAGES/django.po"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

# Function -> which of its arguments are the text: (singular and plural, or the one text), and where a context stands.
MARKED = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"], (0,)),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], (0, 1)),
    # Refusals and reasons are plain English in the rooms below; the doors translate them for people.
    **dict.fromkeys(["InvalidInput", "Conflict", "UnsafeSource"], (0,)),
    "Problem": (1,),
}
LITERAL = r"""(u?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))"""
IN_TEMPLATE = re.compile(rf"\b(pgettext|ngettext|gettext|_)\(\s*{LITERAL}(?:\s*,\s*{LITERAL})?", re.DOTALL)

Text = tuple[str | None, str]  # its context, and the text


def texts_of_python(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        for place in MARKED.get(name, ()):
            if place < len(node.args) and isinstance(text := getattr(node.args[place], "value", None), str):
                yield None, text


def texts_of_template(source: str) -> Iterator[Text]:
    for name, first, second in IN_TEMPLATE.findall(templatize(source)):
        text, more = ast.literal_eval(first), ast.literal_eval(second) if second else None
        if name == "pgettext":
            assert more is not None
            yield text, more
        else:
            yield None, text
            if name == "ngettext" and more:
                yield None, more


def texts_of_ours() -> set[Text]:
    found = {text for file in SOURCES for text in texts_of_python(file.read_text())}
    found |= {text for file in TEMPLATES for text in texts_of_template(file.read_text())}
    return found | {(None, text) for text in [*failures._TEXTS.values(), *networks.TEXTS.values()]}


def texts_of_unfold() -> set[Text]:
    """Unfold ships no translations: those of its texts that our people meet stand in our catalogue."""
    package = Path(unfold.__file__).parent
    found = {text for file in package.rglob("*.py") for text in texts_of_python(file.read_text())}
    return found | {text for file in package.rglob("*.html") for text in texts_of_template(file.read_text())}


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[sd]|\{\w+\}|%[sd]", text))


def test_every_text_is_in_the_catalogue() -> None:
    known = {(entry.msgctxt, text) for entry in CATALOGUE for text in (entry.msgid, entry.msgid_plural) if text}
    assert texts_of_ours() - known == set()


def test_the_catalogue_holds_nothing_that_nobody_says() -> None:
    said = texts_of_ours() | texts_of_unfold()
    assert [entry.msgid for entry in CATALOGUE if (entry.msgctxt, entry.msgid) not in said] == []


def test_the_collectors_find_texts_where_they_stand() -> None:
    assert set(texts_of_python('x = _("a"); ngettext("b", "c", n); InvalidInput("d", field="e"); f(g)')) == {
        (None, "a"),
        (None, "b"),
        (None, "c"),
        (None, "d"),
    }
    page = '{% load i18n %}{% translate "a" %}{% translate "b" context "c" %}'
    assert set(texts_of_template(page + "{% blocktranslate %}d {{ e }}{% endblocktranslate %}")) == {
        (None, "a"),
        ("c", "b"),
        (None, "d %(e)s"),
    }


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.msgid[:40])
def test_every_text_is_translated_with_the_same_placeholders(entry: polib.POEntry) -> None:
    translations = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    assert "" not in translations
    assert not entry.fuzzy
    assert len(translations) == (2 if entry.msgid_plural else 1)
    wanted = placeholders(entry.msgid_plural or entry.msgid)
    assert [placeholders(text) for text in translations] == [wanted] * len(translations)


def test_the_compiled_catalogue_is_what_django_reads() -> None:
    compiled = compile_translation(ROOT / "locale/pt_BR/LC_MESSAGES/django.po")
    assert len(polib.mofile(str(compiled))) == len(CATALOGUE)
    with override("pt-br"):
        assert gettext("Recording off") == "Gravação desligada"
