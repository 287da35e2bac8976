"""Pages as tests look at them: all rows read."""

from connectors.contract import Page
from connectors.listed import Unreadable
from schema.model import Execution


def runs_of(page: Page) -> list[Execution]:
    return page.read_through()[0]


def unreadable_of(page: Page) -> list[Unreadable]:
    return page.read_through()[1]
