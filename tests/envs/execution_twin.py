"""A slow twin of the execution environment: the same rules in plain Python over `lobsim.Market`."""

from lobsim.engine import Kind
from lobsim.market import Market
from lobsim.market.state import N_PENDING, N_PENDING_HEAD, PENDING_ROOM, W_FEED_NS

KEEP = -1


class Twin:
    """One parent order at work in one market, decision by decision; sizes in whole shares."""

    def __init__(self, profile, seed, side, quantity, start_s, horizon_s, interval_s):
        self.market = Market(profile, seed, start_s, start_s + horizon_s + 60, keep_trades=False)
        self.side, self.quantity = side, quantity
        self.start_s, self.end_s, self.interval_s = start_s, start_s + horizon_s, interval_s
        self.steps = 0

    @property
    def filled(self):
        return self.side * self.market.position

    def _resting(self):
        return self.market.open_orders

    def _price(self, offset):
        market, tick = self.market, self.market.profile.tick_size
        bid, ask = round(market.best_bid / tick), round(market.best_ask / tick)
        own, other = (bid, ask) if self.side > 0 else (ask, bid)
        price = own + self.side * offset
        if self.side * (price - other) >= 0:
            price = other - self.side
        return price * tick

    def _wait(self, until_s):
        """Until it is known what became of all messages, or the step ends."""
        flow, market = self.market._flow, self.market
        while flow.count[N_PENDING] and market.clock_s < until_s:
            newest = (flow.count[N_PENDING_HEAD] + flow.count[N_PENDING] - 1) % PENDING_ROOM
            known_s = (flow.pending[newest]["time_ns"] + flow.whole[W_FEED_NS]) / 1e9
            market.advance(min(max(known_s, market.clock_s), until_s))

    def step(self, cross, offset, rest):
        """One decision and the market until the next; returns whether the episode is over."""
        market = self.market
        step_end_s = min(self.start_s + (self.steps + 1) * self.interval_s, self.end_s)
        left = self.quantity - self.filled - self._on_their_way()
        cross = max(0, min(cross, left))
        if rest != KEEP:
            rest = max(0, min(rest, left - cross))
        elif cross > left - sum(order.size for order in self._resting()):
            rest = 0
        if self._withdraw(rest, offset):
            self._wait(step_end_s)
            if self.market._flow.count[N_PENDING]:
                cross, rest = 0, KEEP  # the step is over before the answer
        free = self.quantity - self.filled - self._on_their_way()
        free -= sum(order.size for order in self._resting())
        cross = min(cross, free)
        rest_price = self._price(offset) if rest > 0 else None
        there = sum(order.size for order in self._resting()
                    if rest > 0 and abs(order.price - rest_price) < 1e-9)
        sent = 0
        if cross > 0:
            sent = cross
            market.submit(self.side, cross, kind=Kind.MARKET)
        more = min(rest - there, free - sent)
        if rest > 0 and more > 0:
            market.submit(self.side, more, price=rest_price, kind=Kind.POST_ONLY)
        market.advance(step_end_s)
        self.steps += 1
        is_over = self.filled == self.quantity or step_end_s >= self.end_s
        if is_over:
            market.cancel_all()
            self._wait(self.end_s + 60)
        return is_over

    def _on_their_way(self):
        """Size of new orders that the venue has not seen."""
        flow = self.market._flow
        first, n = flow.count[N_PENDING_HEAD], flow.count[N_PENDING]
        rows = [flow.pending[(first + k) % PENDING_ROOM] for k in range(n)]
        return sum(int(row["size"]) for row in rows if row["kind"] <= Kind.POST_ONLY)

    def _withdraw(self, rest, offset):
        """Cancel or reduce what does not suit; returns whether anything was sent."""
        market, sent = self.market, False
        if rest == KEEP:
            return False
        price = self._price(offset) if rest > 0 else None
        kept = 0
        for order in list(self._resting()):
            same = rest > 0 and abs(order.price - price) < 1e-9
            stays = min(order.size, rest - kept) if same else 0
            kept += stays
            if stays == 0:
                market.cancel(order.order_id)
                sent = True
            elif stays < order.size:
                market.reduce(order.order_id, order.size - stays)
                sent = True
        return sent
