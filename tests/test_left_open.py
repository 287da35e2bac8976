"""What stays open is seen, as every test is held to it."""

import socket
from pathlib import Path

from tests.left_open import left_open, open_files


def test_a_socket_that_stays_open_is_named() -> None:
    before = open_files()
    with socket.socket() as listener:
        assert left_open(before, looks=1) == [str(Path(f"/proc/self/fd/{listener.fileno()}").readlink())]

    assert left_open(before) == []


def test_another_file_in_the_place_of_one_that_was_closed_is_seen() -> None:
    first = socket.socket()
    before, place = open_files(), first.fileno()
    first.close()
    with socket.socket() as second:
        assert second.fileno() == place
        assert len(left_open(before, looks=1)) == 1
