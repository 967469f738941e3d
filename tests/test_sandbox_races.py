"""Many at once: only one of them gets the token, the refund, or the last word."""

import threading

from sandbox.books import rows

pytest_plugins = ("sandbox_rig",)

DAY = 24 * 60 * 60


def at_once(count, work):
    """Run the same work in threads that start together, and collect what each got."""
    barrier, results = threading.Barrier(count), []

    def run():
        barrier.wait()
        results.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_token_in_twenty_hands_makes_one_charge(rig):
    token = rig.token()
    made = at_once(20, lambda: rig.charge(card=token))
    assert sorted(each["object"] for each in made) == ["charge"] + ["error"] * 19
    assert rig.get("charges")["total"] == 1


def test_twenty_refunds_at_once_return_no_more_than_was_paid(rig):
    charge = rig.charge()
    made = at_once(
        20, lambda: rig.post(f"charges/{charge['id']}/refunds", amount=60000)
    )
    assert sorted(each["object"] for each in made) == ["error"] * 19 + ["refund"]
    assert rig.get(f"charges/{charge['id']}")["refunded_amount"] == 60000


def test_paid_and_failed_at_once_ends_one_way(rig):
    charge = rig.promptpay()
    names = iter(["mark_as_paid", "mark_as_failed"] * 10)
    made = at_once(20, lambda: rig.post(f"charges/{charge['id']}/{next(names)}"))
    assert [each["object"] for each in made].count("charge") == 1
    assert len(rig.events(charge)) == 2


def test_charge_expires_once_however_many_read_it(rig):
    charge = rig.promptpay()
    rig.set(clock_offset=DAY + 60)
    at_once(10, lambda: rig.get(f"charges/{charge['id']}"))
    assert rig.events(charge) == ["charge.create", "charge.expire"]


def test_second_change_waits_for_the_first_even_while_that_only_read(tmp_path):
    first, second = (rows.Rows(tmp_path / "books.sqlite3") for _ in range(2))

    def add(books):
        seen = books.counts().get("x", 0)
        books.query("INSERT OR REPLACE INTO counts VALUES ('x', ?)", (seen + 1,))

    def rival():
        with second.change():
            add(second)

    thread = threading.Thread(target=rival)
    with first.change():
        first.counts()
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        add(first)
    thread.join()
    assert first.counts() == {"x": 2}
    first.close()
    second.close()
