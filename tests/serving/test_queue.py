import asyncio
from typing import Any, cast

from workbench.serving.bodies import TextBody
from workbench.serving.orders import Order
from workbench.serving.queue import Queue


def order(client: str, name: str = "x") -> Order:
    loop = cast("asyncio.AbstractEventLoop", None)
    return Order(name, TextBody(model="m", prompt="x"), 0, client, loop)


def taken(queue: Queue) -> list[Any]:
    found = []
    while queue:
        expected = queue.next()
        found.append(queue.take())
        assert found[-1] is expected
    return [each.id for each in found]


def test_clients_take_turns_and_each_has_its_oldest() -> None:
    queue = Queue()
    for client, name in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1"), ("b", "b2")]:
        queue.add(order(client, name))
    assert taken(queue) == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert queue.next() is None


def test_one_that_comes_back_stands_behind_those_who_wait() -> None:
    queue = Queue()
    for client, name in [("a", "a1"), ("b", "b1")]:
        queue.add(order(client, name))
    assert queue.take().id == "a1"
    queue.add(order("a", "a2"))
    assert taken(queue) == ["b1", "a2"]


def test_orders_may_leave() -> None:
    queue = Queue()
    orders = [order("a", "a1"), order("a", "a2"), order("b", "b1")]
    for each in orders:
        queue.add(each)
    queue.remove(orders[0])
    queue.remove(orders[2])
    queue.remove(orders[2])
    assert taken(queue) == ["a2"]
    queue.add(orders[0])
    assert queue.clear() == [orders[0]]
    assert not queue
