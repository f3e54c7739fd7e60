"""Orders that wait for a model: clients take turns, each with its oldest."""

from collections import OrderedDict, deque

from workbench.serving.orders import Order


class Queue:
    """One that asks for much waits for its own orders, not others for them."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, deque[Order]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._of)

    def add(self, order: Order) -> None:
        self._of.setdefault(order.client, deque()).append(order)

    def next(self) -> Order | None:
        """The one whose turn it is; it stays."""
        return next(iter(self._of.values()))[0] if self._of else None

    def take(self) -> Order:
        """The same, which leaves; its client goes behind all others."""
        client, orders = self._of.popitem(last=False)
        order = orders.popleft()
        if orders:
            self._of[client] = orders
        return order

    def remove(self, order: Order) -> None:
        """Nothing happens where it is not there."""
        orders = self._of.get(order.client)
        if orders and order in orders:
            orders.remove(order)
            if not orders:
                del self._of[order.client]

    def clear(self) -> list[Order]:
        """All of them leave."""
        gone = [order for orders in self._of.values() for order in orders]
        self._of.clear()
        return gone
