import signal

from app.stack.output import readable
from app.stack.process import describe_exit, pause_before


def test_the_pause_before_a_restart_grows_to_half_a_minute():
    assert [pause_before(n) for n in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_an_exit_is_described_in_words():
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(-signal.SIGKILL) == "killed by SIGKILL"
    assert describe_exit(-99) == "killed by signal 99"


def test_a_json_log_line_is_shown_as_level_and_message():
    assert readable('{"level": "INFO", "message": "hello", "process": "bot"}') == "INFO hello"
    assert readable('{"level": "ERROR", "message": "no", "exc_info": "Trace"}') == "ERROR no\nTrace"


def test_any_other_line_is_shown_as_it_is():
    for line in ("plain", "{broken", "{}", "[1]", '{"level": "INFO"}'):
        assert readable(line) == line
