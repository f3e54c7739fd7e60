import asyncio

from workbench.widgets.debounce import Debounce


def test_without_an_event_loop_it_is_done_at_once() -> None:
    done: list[int] = []
    later = Debounce(lambda: done.append(1))
    later()
    later()
    assert done == [1, 1]


def test_in_a_kernel_only_the_last_of_many_is_done() -> None:
    done: list[int] = []

    async def type_quickly() -> None:
        later = Debounce(lambda: done.append(1), pause=0.01)
        for _ in range(20):
            later()
        assert done == []
        while not done:
            await asyncio.sleep(0.01)
        later()
        later.now()

    asyncio.run(type_quickly())
    assert done == [1, 1]
