"""What holds for every file of the page: small modules, nothing from elsewhere, no text read as markup."""

import re

import pytest

from app.sandbox.control.page import PAGE

MODULES = sorted(PAGE.glob("*.js"))
LONGEST = 200
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(\"(?:style|on)"
)
IMPORT = re.compile(r"(?:from|import) \"([^\"]+)\"")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_is_short_starts_with_what_it_is_and_never_reads_text_as_markup(path):
    text = path.read_text()
    assert text.startswith("// ")
    assert text.count("\n") <= LONGEST
    assert not MARKUP.findall(text)
    for target in IMPORT.findall(text):
        assert (PAGE / target).is_file(), f"{path.name} imports {target}"


def test_the_document_has_no_inline_scripts_or_styles_and_all_its_files_exist():
    text = (PAGE / "index.html").read_text()
    assert not re.findall(r"\s(?:on\w+|style)=", text)
    assert not re.findall(r"<script(?![^>]* src=)[^>]*>|<style", text)
    for address in re.findall(r"(?:src|href)=\"([^\"]+)\"", text):
        assert (PAGE / address.removeprefix("/page/")).is_file(), address


def test_no_file_names_another_host():
    for path in PAGE.iterdir():
        hosts = set(re.findall(r"https?://[\w.]+", path.read_text()))
        assert hosts <= {"http://www.w3.org"}, f"{path.name} names {hosts}"
