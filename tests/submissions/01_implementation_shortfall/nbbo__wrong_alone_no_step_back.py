# marks: 2.5
def nbbo(quotes):
    sides = []
    for side, better in (("bid", max), ("ask", min)):
        last, best, out = {}, float("nan"), []
        for exchange, price in zip(quotes["exchange"], quotes[side]):
            last[exchange] = price
            others = [p for e, p in last.items() if e != exchange and p == p]
            if others:
                best = better([*others, price] if price == price else others)
            elif not better(price, best) == best:  # nobody else yet: only a better price counts
                best = price
            out.append(best)
        sides.append(np.array(out))
    return tuple(sides)
