import io

from bakeoff.base import progress
from bakeoff.base.progress import Progress


def test_a_log_gets_a_plain_line_with_what_is_done_and_left(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    clock = iter([0.0, 4.0, 10.0, 10.0, 10.0, 20.0, 20.0, 20.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    log = io.StringIO()
    with Progress(4, "cnn-adam", log) as work:
        work.advance()  # 4 s after the start: silence
        work.advance(note="val/loss 0.50")
        work.advance(2)
    assert log.getvalue().splitlines() == [
        "cnn-adam: 2/4 (50%), 10 s gone, 10 s left; val/loss 0.50",
        "cnn-adam: 4/4 (100%), 20 s gone; val/loss 0.50",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_gets_a_bar() -> None:
    with Progress(4, "cnn-adam", Terminal()) as work:
        assert work.bar is not None
        work.advance(3, "val/loss 0.50")
        assert work.bar.progress.tasks[0].completed == 3
        assert work.bar.progress.tasks[0].fields["note"] == "val/loss 0.50"


def test_bytes_are_counted_in_megabytes_and_the_end_is_told_once() -> None:
    log = io.StringIO()
    with Progress(2_500_000, "text8.zip", log, unit="bytes") as work:
        for _ in range(3):
            work.advance(1_250_000)  # a file that grew while it was read goes beyond its total
    with Progress(1_250, "my.csv", log, unit="bytes") as work:
        work.advance(1_250)
    assert log.getvalue().splitlines() == [
        "text8.zip: 2.5/2.5 MB (100%), 0 s gone",
        "my.csv: 1.2/1.2 kB (100%), 0 s gone",
    ]
